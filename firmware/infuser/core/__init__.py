"""Pure decisions on integers; time is passed in; runs on CPython too."""
