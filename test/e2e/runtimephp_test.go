package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/test/harness"
)

const phpProbe = `
 <?php
$greeting = 'from outside';
class Probe {
    static function run(array $args) {
        global $greeting;
        static $runs = 0;
        switch ($args['do'] ?? '') {
        case 'runs': return ['runs' => ++$runs];
        case 'global': return ['greeting' => $greeting];
        case 'env':
            $own = array_filter($_ENV, fn($k) => str_starts_with($k, '__OW_') && $k != '__OW_WAIT_FOR_ACK', ARRAY_FILTER_USE_KEY);
            foreach ($own as $k => $v) if (getenv($k) !== $v) return ['differs' => $k];
            ksort($own);
            return $own;
        case 'read': return ['read' => fgets(STDIN), 'child' => shell_exec('cat; echo $__OW_ACTIVATION_ID')];
        case 'write': @file_put_contents('php://fd/3', "{}\n"); return [];
        case 'log': echo 'hello stdout'; error_log('hello stderr'); return [];
        case 'buffered': ob_start(); ob_start(); echo 'buffered '; return [];
        case 'null': return null;
        case 'class': $o = new stdClass(); $o->hello = 'world'; return $o;
        case 'copy': return new ArrayObject(['hello' => 'world']);
        case 'text': return 'not a json object';
        case 'object': return new DateTime();
        case 'throw': throw new Exception('noooo');
        case 'bytes': return ['b' => "\xff"];
        case 'infinite': return ['n' => INF];
        case 'warn': return ['x' => $args['missing'] ?? $undefined];
        case 'fatal': eval('class Error {};'); return [];
        case 'memory': ini_set('memory_limit', '32M'); return [str_repeat('x', 1 << 26)];
        case 'exit': echo "last words\n"; exit(0);
        }
        return $args;
    }
}
`

func TestRuntimes_PHP(t *testing.T) {
	server := runtimeOf(t, "php")
	t.Run("hello", func(t *testing.T) { hello(t, server, "php", "hello.php", "main") })
	t.Run("probe", func(t *testing.T) { phpProbes(t, server) })
	t.Run("zips", func(t *testing.T) { phpZips(t, server) })
	t.Run("refusals", func(t *testing.T) { phpRefusals(t, server) })
}

func phpProbes(t *testing.T, server *harness.Process) {
	probe := runtimeAction{kind: "php:1", main: "Probe::run", source: phpProbe, env: harness.M{"__OW_API_HOST": "host"}}.works(t, server)
	answers(t, probe, map[string]string{
		`{"value":{"n":[9007199254740993,1.0,0.1],"s":"❄ / <&"}}`: `{"n":[9007199254740993,1.0,0.1],"s":"❄ / <&"}`,
		`{"value":["a","b"]}`:                         `{"0":"a","1":"b"}`,
		`{}`:                                          `{}`,
		`{"value":{"do":"global"}}`:                   `{"greeting":"from outside"}`,
		`{"value":{"do":"null"}}`:                     `{}`,
		`{"value":{"do":"class"}}`:                    `{"hello":"world"}`,
		`{"value":{"do":"copy"}}`:                     `{"hello":"world"}`,
		`{"value":{"do":"write"}}`:                    `{}`,
		`{"value":{"do":"log"}}`:                      `{}`,
		`{"value":{"do":"buffered"}}`:                 `{}`,
		`{"value":{"do":"warn"}}`:                     `{"x":null}`,
		`{"value":{"do":"read"},"activation_id":"8"}`: `{"read":false,"child":"8\n"}`,
		`{"value":{"do":"env"},"activation_id":"7","list":[1],"api_host":"h"}`: `{"__OW_ACTIVATION_ID":"7","__OW_API_HOST":"h","__OW_LIST":"[1]"}`,
		`{"value":{"do":"env"},"action_name":"/a/b"}`:                          `{"__OW_ACTION_NAME":"/a/b","__OW_API_HOST":"host"}`,
	})
	logged(t, probe.Stdout, "hello stdout", "buffered ")
	logged(t, probe.Stderr, "hello stderr\n", "Undefined variable $undefined")
	for _, what := range []string{"text", "object", "throw", "bytes", "infinite"} {
		phpFails(t, probe, what, "The action did not return a dictionary or array.")
	}
	answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":1}`})
	large(t, probe)
	answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":2}`})
	logged(t, probe.Stderr, "Exception: noooo in ", "must return an array, not string.", "must return an array, not DateTime.", "Malformed UTF-8", "Inf and NaN")
	for _, what := range []string{"fatal", "memory"} { // the process ends with them, and takes no other run
		phpFails(t, probe, what, "The action wrote more than one result.")
		answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":1}`})
	}
	logged(t, probe.Stderr, "Fatal error:  Cannot declare class Error", "Fatal error:  Allowed memory size")
	assert.Contains(t, activate(t, probe, `{"value":{"do":"exit"}}`).Body, `{"error":"command exited: `)
	logged(t, probe.Stdout, "last words\n")
}

// phpFails checks a run without a usable result.
func phpFails(t *testing.T, probe *harness.Process, what, says string) {
	t.Helper()
	a := activate(t, probe, `{"value":{"do":"`+what+`"}}`)
	assert.Equal(t, http.StatusBadGateway, a.Status, what)
	assert.Equal(t, `{"error":"`+says+`"}`, a.Body, what)
}

func phpZips(t *testing.T, server *harness.Process) {
	output := "<?php\nfunction output($data) { return ['result' => $data]; }\n"
	for name, files := range map[string]map[string]string{
		"file beside": {"output.php": output, "index.php": "<?php\nrequire __DIR__ . '/output.php';\nfunction niam(array $args) { return output('it works'); }\n"},
		"vendor":      {"vendor/autoload.php": output, "index.php": "<?php\nfunction niam(array $args) { return output('it works'); }\n"},
	} {
		client := runtimeAction{kind: "php", main: "niam", files: files}.works(t, server)
		assert.Equal(t, `{"result":"it works"}`, activate(t, client, `{}`).Body, name)
	}
}

func phpRefusals(t *testing.T, server *harness.Process) {
	action := func(main, source string) runtimeAction { return runtimeAction{main: main, source: "<?php\n" + source} }
	refusals(t, server, "php:1", map[string]refusedAction{
		"syntax error":    {action("main", "function main( {\n"), []string{"Cannot start action. Check logs for details. Cause: ParseError: syntax error", "index.php:2"}},
		"fatal error":     {action("main", "class Error {}\n"), []string{"Cause: Cannot declare class Error", "Fatal error:"}},
		"throws":          {action("main", "throw new Exception('noooo');\n"), []string{"Cause: Exception: noooo", "index.php:2"}},
		"no function":     {action("other", "function main($args) { return []; }\n"), []string{"the action has no function 'other'"}},
		"exits":           {action("main", "exit(1);\n"), []string{"command exited"}},
		"main is a shell": {action("main'; id'", "function main($args) { return []; }\n"), []string{compileFailed, "names no PHP function"}},
		"no index.php":    {runtimeAction{main: "main", files: map[string]string{"main.php": "<?php\n"}}, []string{compileFailed, "no index.php at its root"}},
		"missing file":    {action("main", "require 'nothing.php';\n"), []string{"Failed opening required 'nothing.php'"}},
	})
}
