// Reads Knative Services from stdin, one JSON document a line, and says what Knative's own webhooks make of each.
//
// The way of a create request: decode, apply the defaults, validate, in a cluster whose flags and bounds allow all that
// they can; with the argument `usual` in one whose bounds are Knative's own. An answer is one JSON line, the error's text; blank where the Service is taken.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"

	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/config"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

func check(line []byte) (told string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			told = fmt.Sprint(trouble)
		}
	}()
	service := &servingv1.Service{}
	if err := json.Unmarshal(line, service); err != nil {
		return "decode: " + err.Error()
	}
	ctx := apis.WithinCreate(config.ToContext(context.Background(), lenient()))
	service.SetDefaults(ctx)
	if err := service.Validate(ctx).Filter(apis.ErrorLevel); err != nil {
		return err.Error()
	}
	return ""
}

func lenient() *config.Config {
	settings := config.FromContextOrDefaults(context.Background())
	features := reflect.ValueOf(settings.Features).Elem()
	for i := 0; i < features.NumField(); i++ {
		if flag, ok := features.Field(i).Interface().(config.Flag); ok && flag == config.Disabled {
			features.Field(i).SetString(string(config.Enabled))
		}
	}
	settings.Features.SecurePodDefaults = config.Disabled
	settings.Autoscaler.AllowZeroInitialScale = true
	if len(os.Args) > 1 && os.Args[1] == "usual" {
		return settings
	}
	settings.Defaults.MaxRevisionTimeoutSeconds = math.MaxInt32
	settings.Defaults.ContainerConcurrencyMaxLimit = math.MaxInt32
	return settings
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			told, _ := json.Marshal(check(line))
			fmt.Fprintf(out, "%s\n", told)
		}
		if err != nil {
			return
		}
	}
}
