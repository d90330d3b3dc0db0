package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// probe.java does what "do" says.
const javaProbe = `package example.deep;

import com.google.gson.*;
import java.io.*;
import java.util.*;

class Probe {
    static int runs = 0;

    public static JsonObject run(JsonObject args) throws Exception {
        JsonObject out = new JsonObject();
        switch (args.has("do") ? args.get("do").getAsString() : "") {
        case "runs": out.addProperty("runs", ++runs); return out;
        case "env":
            for (String name : new TreeMap<>(System.getenv()).keySet())
                if (name.startsWith("__OW_") && !name.equals("__OW_WAIT_FOR_ACK")) out.addProperty(name, System.getenv(name));
            return out;
        case "child":
            Process child = new ProcessBuilder("sh", "-c", "cat; echo x >&3; echo done").redirectInput(ProcessBuilder.Redirect.INHERIT).start();
            out.addProperty("said", new String(child.getInputStream().readAllBytes()));
            return out;
        case "read": out.addProperty("read", System.in.read()); return out;
        case "write":
            try (FileOutputStream f = new FileOutputStream("/dev/fd/3")) { f.write("{}\n".getBytes()); } catch (IOException e) { }
            return out;
        case "throw": throw new IllegalStateException("sorry ❄");
        case "throw nothing": throw new IllegalStateException();
        case "recurse": return run(args);
        case "null": return null;
        case "NaN": out.addProperty("n", Double.NaN); return out;
        case "surrogate": out.addProperty("s", "a\ud800b"); return out;
        case "memory": List<byte[]> all = new ArrayList<>(); for (;;) all.add(new byte[1 << 24]);
        case "exit": System.out.println("last words"); System.exit(3);
        }
        return args;
    }

    public static JsonArray run(JsonArray args) { args.add("more"); return args; }
}
`

func TestRuntimes_Java(t *testing.T) {
	server := runtimeOf(t, "java")
	t.Run("hello", func(t *testing.T) { hello(t, server, "java", "hello.java", "Hello") })
	t.Run("probe", func(t *testing.T) { javaProbes(t, server) })
	t.Run("archives", func(t *testing.T) { javaArchives(t, server) })
	t.Run("refusals", func(t *testing.T) { javaRefusals(t, server) })
}

func javaProbes(t *testing.T, server *harness.Process) {
	probe := runtimeAction{kind: "java:1", main: "example.deep.Probe#run", source: javaProbe, env: harness.M{"JAVA_OPTIONS": "-Xmx64m", "__OW_API_HOST": "host"}}.works(t, server)
	answers(t, probe, map[string]string{
		`{"value":{"n":[9007199254740993,123456789012345678901234567890,1.0,1e400],"s":"❄ \u2028\u0000<&"}}`: `{"n":[9007199254740993,123456789012345678901234567890,1.0,1e400],"s":"❄ \u2028\u0000<&"}`,
		`{"value":[1]}`: `[1,"more"]`, `{}`: `{}`, `{"value":null}`: `{}`,
		`{"value":{"do":"read"}}`:          `{"read":-1}`,
		`{"value":{"do":"write"}}`:         `{}`,
		`{"value":{"do":"throw"}}`:         `{"error":"sorry ❄"}`,
		`{"value":{"do":"throw nothing"}}`: `{"error":"java.lang.IllegalStateException"}`,
		`{"value":{"do":"recurse"}}`:       `{"error":"java.lang.StackOverflowError"}`,
		`{"value":{"do":"null"}}`:          `{"error":"the action returned null"}`,
		`{"value":{"do":"NaN"}}`:           `{"error":"Numeric values must be finite, but was NaN"}`,
		`{"value":{"do":"surrogate"}}`:     `{"s":"a?b"}`,
		`{"value":7}`:                      `{"error":"the arguments are neither an object nor an array"}`,
		`{"value":{"do":"child"}}`:         `{"said":"done\n"}`,
		`{"value":{"do":"env"},"activation_id":"7","list":[1],"api_host":"h"}`: `{"__OW_ACTIVATION_ID":"7","__OW_API_HOST":"h","__OW_LIST":"[1]"}`,
		`{"value":{"do":"env"},"action_name":"/a/b"}`:                          `{"__OW_ACTION_NAME":"/a/b","__OW_API_HOST":"host"}`,
	})
	logged(t, probe.Stderr, "IllegalStateException: sorry ❄\n\tat example.deep.Probe.run(Probe.java:")
	logged(t, probe.Stdout, "the action returned null\n")
	answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":1}`})
	large(t, probe)
	answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":2}`})
	for _, end := range []string{"exit", "memory"} {
		a := activate(t, probe, `{"value":{"do":"`+end+`"}}`)
		assert.NotEqual(t, http.StatusOK, a.Status)
		assert.Contains(t, a.Body, `{"error":"command exited: `)
		answers(t, probe, map[string]string{`{"value":{"do":"runs"}}`: `{"runs":1}`})
	}
	logged(t, probe.Stdout, "last words\n")
}

// greeter is compiled here, to be an action's library or the whole of it.
const greeter = "package lib;\n\nimport com.google.gson.*;\n\npublic class Greeter {\n" +
	"    public static String greet(String name) { return \"Hello, \" + name; }\n" +
	"    public static JsonObject main(JsonObject args) { args.addProperty(\"by\", greet(\"jar\")); return args; }\n}\n"

func javaArchives(t *testing.T, server *harness.Process) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Greeter.java"), []byte(greeter), 0o600))
	for _, args := range [][]string{{"javac", "-cp", "/usr/share/java/gson.jar", "-d", "classes", "Greeter.java"}, {"jar", "cf", "greeter.jar", "-C", "classes", "."}} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	jar, err := os.ReadFile(filepath.Join(dir, "greeter.jar"))
	require.NoError(t, err)
	class, err := os.ReadFile(filepath.Join(dir, "classes", "lib", "Greeter.class"))
	require.NoError(t, err)

	unchecked := "import com.google.gson.*;\nimport java.util.*;\npublic class Main {\n    public static JsonObject main(JsonObject args) {\n" +
		"        List raw = new ArrayList(); raw.add(lib.Greeter.greet(\"zip\")); args.addProperty(\"by\", (String) raw.get(0)); return args;\n    }\n}\n"
	for name, a := range map[string]runtimeAction{
		"sources with a jar, and a note of the compiler": {main: "main", files: map[string]string{"a folder/Main.java": unchecked, "libs/it's a.jar": string(jar), "__MACOSX/._Main.java": "\x00\x05"}},
		"classes": {main: "lib.Greeter#", files: map[string]string{"lib/Greeter.class": string(class)}},
	} {
		a.kind = "java"
		got := activate(t, a.works(t, server), `{"value":{}}`)
		assert.Contains(t, []string{`{"by":"Hello, zip"}`, `{"by":"Hello, jar"}`}, got.Body, name)
	}

	client := harness.Client(t, server.URL, "java")
	whole := harness.M{"value": harness.M{"main": "lib.Greeter", "binary": true, "code": jar}} // JSON has bytes in base64
	require.Equal(t, http.StatusOK, harness.Post(t, client.URL+"/init", whole).Status, "%s", client.Stderr)
	assert.Equal(t, `{"by":"Hello, jar"}`, activate(t, client, `{}`).Body)
}

func javaRefusals(t *testing.T, server *harness.Process) {
	const head = "import com.google.gson.*;\npublic class Hello {\n"
	action := func(main, source string) runtimeAction { return runtimeAction{main: main, source: source} }
	fine := head + "    public static JsonObject main(JsonObject args) { return args; }\n}\n"
	refusals(t, server, "java:1", map[string]refusedAction{
		"compile error":   {action("Hello", head+"    nonsense\n}\n"), []string{compileFailed, "Hello.java:3: error:"}},
		"another class":   {action("Other", fine), []string{compileFailed, "class Hello is public, should be declared in a file named Hello.java"}},
		"no such method":  {action("Hello#bogus", fine), []string{"Hello has no method public static JsonObject bogus(JsonObject)", "\tat "}},
		"no such class":   {runtimeAction{main: "Nowhere", files: map[string]string{"Hello.java": fine}}, []string{"java.lang.ClassNotFoundException: Nowhere"}},
		"not static":      {action("Hello", head+"    public JsonObject main(JsonObject args) { return args; }\n}\n"), []string{"has no method public static JsonObject main"}},
		"wrong result":    {action("Hello", head+"    public static String main(JsonObject args) { return \"\"; }\n}\n"), []string{"has no method public static JsonObject main"}},
		"fails to load":   {action("Hello", head+"    static int n = 1 / Integer.parseInt(\"0\");\n"+fine[len(head):]), []string{"java.lang.ArithmeticException: / by zero"}},
		"exits at load":   {action("Hello", head+"    static { System.exit(1); }\n"+fine[len(head):]), []string{"command exited"}},
		"main is a shell": {action("Hello'; id'", fine), []string{compileFailed, "names no Java class"}},
		"nothing to run":  {runtimeAction{main: "Hello", files: map[string]string{"readme.txt": "x"}}, []string{compileFailed, "no Java source, class or jar"}},
		"broken zip":      {runtimeAction{main: "Hello", files: map[string]string{"Hello.class": "no class"}}, []string{"java.lang.ClassFormatError"}},
	})
}
