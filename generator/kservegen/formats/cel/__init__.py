"""CEL as the API server speaks it: expressions and plain data in, values or errors out.

The interpreter is Google's (`cel_expr_python`), imported by `kservegen.formats.cel.engine` when the first expression is
compiled, so that a run without expressions does not pay for it. Kubernetes' own functions are tables of Python
callbacks (`quantities`, `lists`, `regexes`, `addresses`, `urls`, `semvers`, `formats`), and what the interpreter's
language lacks is rewritten (`rewrite`). What remains (`authorizer`) is refused when it is compiled, as *unsupported*,
never evaluated to a guess.

The oracle of all this is the API server's own library: `tests/go_cel`.
"""
