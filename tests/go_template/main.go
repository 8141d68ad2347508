// Reads templates from stdin, one base64 line each, and writes what Go's text/template/parse says of each, one JSON
// line each: {"error": ""} where it parses. Functions are not looked up, as kservegen does not.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"text/template/parse"
)

type answer struct {
	Error string `json:"error"`
}

func judge(text string) answer {
	tree := parse.New("t")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", map[string]*parse.Tree{}); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{}
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 1<<20), 1<<26)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		text, err := base64.StdEncoding.DecodeString(input.Text())
		if err != nil {
			panic(err)
		}
		if err := output.Encode(judge(string(text))); err != nil {
			panic(err)
		}
	}
}
