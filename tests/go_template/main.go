// Reads templates from stdin, one base64 line each, and writes what Go's text/template says of each, one JSON line each:
// {"error": ""} where it parses. Functions are not looked up, as kservegen does not while it reads.
//
// With an argument, JSON data, the templates are executed with it, as KServe does: a key that is missing is an error, and
// so is a function that Go does not have. {"error": "", "text": "..."} where that works.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"text/template"
	"text/template/parse"
)

type answer struct {
	Error string `json:"error"`
	Text  string `json:"text"`
}

func judge(text string) answer {
	tree := parse.New("t")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", map[string]*parse.Tree{}); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{}
}

func execute(text string, data map[string]any) answer {
	parsed, err := template.New("main").Option("missingkey=error").Parse(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: out.String()}
}

func main() {
	var data map[string]any
	if len(os.Args) > 1 {
		if err := json.Unmarshal([]byte(os.Args[1]), &data); err != nil {
			panic(err)
		}
	}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 1<<20), 1<<26)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		text, err := base64.StdEncoding.DecodeString(input.Text())
		if err != nil {
			panic(err)
		}
		found := judge(string(text))
		if data != nil {
			found = execute(string(text), data)
		}
		if err := output.Encode(found); err != nil {
			panic(err)
		}
	}
}
