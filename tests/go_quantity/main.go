// Reads one JSON value a line and writes what Kubernetes' own Quantity makes of it: the text it prints, or "!".
// A line "float X" is a float64 that passes through Go's JSON encoder first, as sigs.k8s.io/yaml has it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		var q resource.Quantity
		if err := q.UnmarshalJSON(value(in.Bytes())); err != nil {
			fmt.Fprintln(out, "!")
		} else if text, err := q.MarshalJSON(); err != nil {
			fmt.Fprintln(out, "!")
		} else {
			fmt.Fprintln(out, string(text))
		}
		out.Flush()
	}
}

func value(line []byte) []byte {
	text, isFloat := bytes.CutPrefix(line, []byte("float "))
	if !isFloat {
		return line
	}
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		panic(err)
	}
	encoded, err := json.Marshal(number)
	if err != nil {
		panic(err)
	}
	return encoded
}
