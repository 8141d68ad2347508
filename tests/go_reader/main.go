// Reads documents from stdin and writes what a Go reader of YAML makes of each: one JSON line per document.
//
//	reader sigs      sigs.k8s.io/yaml: what kubectl, Argo CD and Helm read with
//	reader strict    the same, duplicate keys refused
//	reader v3        go.yaml.in/yaml/v3: YAML 1.2 as Go tools have it
//	reader stream    apimachinery's YAMLOrJSONDecoder: a whole file as kubectl splits and reads it
//
// The input is a sequence of base64 lines. An answer is {"ok": value} or {"error": text}; of a stream, a list of values.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type answer struct {
	OK    json.RawMessage `json:"ok,omitempty"`
	Error string          `json:"error,omitempty"`
}

var readers = map[string]func([]byte) ([]byte, error){
	"sigs":   yaml.YAMLToJSON,
	"strict": yaml.YAMLToJSONStrict,
	"v3":     readV3,
	"stream": readStream,
}

func readV3(data []byte) ([]byte, error) {
	var value any
	if err := yamlv3.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func readStream(data []byte) ([]byte, error) {
	decoder := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	documents := []json.RawMessage{}
	for {
		document := runtime.RawExtension{}
		err := decoder.Decode(&document)
		if err == io.EOF {
			return json.Marshal(documents)
		}
		if err != nil {
			return nil, err
		}
		raw := bytes.TrimSpace(document.Raw)
		if len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
			documents = append(documents, raw)
		}
	}
}

func read(mode string, data []byte) (result answer) {
	defer func() {
		if trouble := recover(); trouble != nil {
			result = answer{Error: fmt.Sprint(trouble)}
		}
	}()
	value, err := readers[mode](data)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: value}
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		data, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(line)))
		if err != nil {
			panic(err)
		}
		if err := encoder.Encode(read(os.Args[1], data)); err != nil {
			panic(err)
		}
	}
}
