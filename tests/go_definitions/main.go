// Reads questions from stdin, one JSON document a line, {"definition": path, "object": …}: the file of a
// CustomResourceDefinition, and an object of it that is to be created. Says what the API server makes of it: an answer is
// one JSON line, the error's text by the definition's schema and its CEL rules; blank where the object is taken.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// What judges the objects of one definition.
type definition struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

type question struct {
	Definition string          `json:"definition"`
	Object     json.RawMessage `json:"object"`
}

var known = map[string]*definition{}

func answer(line []byte) error {
	asked := question{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return err
	}
	found, err := readDefinition(asked.Definition)
	if err != nil {
		return err
	}
	object := map[string]any{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(asked.Object, &object); err != nil {
		return err
	}
	pruning.Prune(object, found.structural, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, found.structural)
	defaulting.Default(object, found.structural)
	errs := validation.ValidateCustomResource(nil, object, found.schema)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, found.structural, object)...)
	if len(errs) == 0 && found.rules != nil {
		broken, _ := found.rules.Validate(
			context.Background(), nil, found.structural, object, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, broken...)
	}
	return errs.ToAggregate()
}

func readDefinition(path string) (*definition, error) {
	if found := known[path]; found != nil {
		return found, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(text, crd); err != nil {
		return nil, err
	}
	props := &apiextensions.JSONSchemaProps{}
	for _, version := range crd.Spec.Versions {
		if version.Storage {
			err = apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
				version.Schema.OpenAPIV3Schema, props, nil)
		}
	}
	if err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(props)
	if err != nil {
		return nil, err
	}
	schema, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		return nil, err
	}
	found := &definition{structural, schema, cel.NewValidator(structural, true, celconfig.PerCallLimit)}
	known[path] = found
	return found, nil
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			told := ""
			if refused := answer(line); refused != nil {
				told = refused.Error()
			}
			written, _ := json.Marshal(told)
			fmt.Fprintf(out, "%s\n", written)
		}
		if err != nil {
			return
		}
	}
}
