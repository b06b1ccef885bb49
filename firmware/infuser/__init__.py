"""The infusion pump's firmware: wire <- core <- app <- main, with hw imported by main alone."""

VERSION = "0.2.0"
