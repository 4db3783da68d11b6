for _class in (Error, *Error.__subclasses__(), InvalidTypeError):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = "chatkeep"
del _class
