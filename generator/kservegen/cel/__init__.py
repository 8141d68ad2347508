"""CEL as the API server speaks it: expressions and plain data in, values or errors out.

The interpreter is Google's (`cel_expr_python`), imported by `kservegen.cel.engine` when the first expression is
compiled, so that a run without expressions does not pay for it. Kubernetes' own functions are tables of Python
callbacks: `quantities`, `lists`, `regexes`. What Kubernetes has and this package has not (`ip`, `cidr`, `url`,
`semver`, `format`, two-variable comprehensions, `authorizer`, `indexOf` of lists) is refused when it is compiled,
as *unsupported*, never evaluated to a guess.
"""
