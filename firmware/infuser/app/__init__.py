"""The controller, its commands and the serial link."""
