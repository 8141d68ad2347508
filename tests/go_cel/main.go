// Reads one JSON object a line, {"expression": text, "self": any}, and writes what the API server's CEL makes of it, as
// a JSON object: {"value": …}, {"error": text} or {"compile": text}.
//
// The environment is the one in which Kubernetes 1.34 checks new expressions; `self` is dynamically typed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
	kjson "sigs.k8s.io/json"
)

// What a 1.34 server offers to new expressions: one release back, so that a downgrade can still read them.
var compatible = version.MajorMinor(1, 33)

type question struct {
	Expression string `json:"expression"`
	Self       any    `json:"self"`
}

func main() {
	env := newEnv()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var asked question
		// As a Kubernetes client reads JSON: a number without a fraction is an int64.
		if err := kjson.UnmarshalCaseSensitivePreserveInts(in.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(env, asked)); err != nil {
			panic(err)
		}
	}
}

func newEnv() *cel.Env {
	set, err := environment.MustBaseEnvSet(compatible, true).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable("self", cel.DynType)},
	})
	if err != nil {
		panic(err)
	}
	return set.NewExpressionsEnv()
}

func answer(env *cel.Env, asked question) map[string]any {
	ast, issues := env.Compile(asked.Expression)
	if issues.Err() != nil {
		return map[string]any{"compile": issues.Err().Error()}
	}
	program, err := env.Program(ast)
	if err != nil {
		return map[string]any{"compile": err.Error()}
	}
	value, _, err := program.Eval(map[string]any{"self": asked.Self})
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"value": plain(value)}
}

// plain writes a value as JSON; a type of Kubernetes' own or of time as its type's name and its text.
func plain(value ref.Val) any {
	switch v := value.(type) {
	case types.Bool, types.Int, types.Uint, types.String:
		return v.Value()
	case types.Double:
		return map[string]any{"double": float64(v)}
	case types.Null:
		return nil
	case types.Bytes:
		return map[string]any{"bytes": string(v)}
	case types.Duration:
		return map[string]any{"duration": v.Duration.Seconds()}
	case types.Timestamp:
		return map[string]any{"timestamp": v.Time.UTC().Format(time.RFC3339Nano)}
	case *types.Optional:
		if !v.HasValue() {
			return map[string]any{"optional": []any{}}
		}
		return map[string]any{"optional": []any{plain(v.GetValue())}}
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			out = append(out, plain(it.Next()))
		}
		return out
	case traits.Mapper:
		out := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			out[fmt.Sprint(key.Value())] = plain(v.Get(key))
		}
		return out
	}
	return map[string]any{"type": value.Type().TypeName(), "text": fmt.Sprint(value.Value())}
}
