"""Go's text/template as KServe uses it: read, checked against the type it is filled from, and evaluated in bounds."""
