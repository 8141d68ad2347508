// Reads names of images from stdin, one JSON string a line, and prints as JSON why each is none; blank where it is one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	_ "crypto/sha256"
	_ "crypto/sha512"
	"github.com/distribution/reference"
)

func check(line []byte) string {
	var name string
	if err := json.Unmarshal(line, &name); err != nil {
		return "decode: " + err.Error()
	}
	if _, err := reference.ParseNormalizedNamed(name); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		told, err := json.Marshal(check(lines.Bytes()))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(told))
	}
}
