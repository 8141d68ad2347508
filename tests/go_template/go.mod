module kservegen.test/template

go 1.21
