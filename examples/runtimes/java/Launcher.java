package whiskaway;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.TypeAdapter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;

/**
 * Runs a Java action over ActionLoop: Launcher CLASS METHOD. Requests come on
 * descriptor 4 and results go to 5, where start has put them: 0 and 3 are what
 * an action might touch.
 */
public final class Launcher {
    // Strict, unlike toString: NaN is no JSON.
    private static final TypeAdapter<JsonElement> JSON = new Gson().getAdapter(JsonElement.class);

    private final String name;
    private final Method ofObject;
    private final Method ofArray;
    private final Context context = new Context();

    private Launcher(String className, String method) throws Exception {
        name = method;
        Class<?> main = Class.forName(className);
        ofObject = find(main, method, JsonObject.class);
        ofArray = find(main, method, JsonArray.class);
        if (ofObject == null && ofArray == null) {
            throw new NoSuchMethodException(className + " has no method public static JsonObject " + method + "(JsonObject)");
        }
    }

    private static Method find(Class<?> main, String name, Class<?> argument) {
        try {
            Method method = main.getMethod(name, argument);
            method.setAccessible(true); // its class may be private to its package
            boolean fits = Modifier.isStatic(method.getModifiers()) && JsonElement.class.isAssignableFrom(method.getReturnType());
            return fits ? method : null;
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    public static void main(String[] args) throws IOException {
        InputStream requests = new BufferedInputStream(new FileInputStream("/dev/fd/4"));
        OutputStream results = new FileOutputStream("/dev/fd/5");
        System.setOut(log(FileDescriptor.out));
        System.setErr(log(FileDescriptor.err));
        Launcher launcher;
        try {
            launcher = new Launcher(args[0], args[1]);
        } catch (Throwable e) { // whatever its class does when it is loaded
            answer(results, failure(e instanceof ExceptionInInitializerError ? e.getCause() : e, true));
            System.exit(1);
            return;
        }
        answer(results, "{\"ok\":true}");
        for (byte[] line = readLine(requests); line != null; line = readLine(requests)) {
            answer(results, launcher.run(new String(line, StandardCharsets.UTF_8)));
        }
        System.exit(0); // though the action has threads left
    }

    /** A stream that sends each line at once: a run that is killed leaves what it printed. */
    private static PrintStream log(FileDescriptor to) throws IOException {
        return new PrintStream(new BufferedOutputStream(new FileOutputStream(to)), true, "UTF-8");
    }

    private static byte[] readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                return null;
            }
            line.write(b);
        }
        return line.toByteArray();
    }

    private static void answer(OutputStream results, String line) throws IOException {
        System.out.flush();
        System.err.flush();
        results.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private String run(String request) {
        try {
            JsonElement arguments = new JsonObject();
            JsonObject fields = JsonParser.parseString(request).getAsJsonObject();
            JsonElement value = fields.remove("value");
            if (value != null && !value.isJsonNull()) {
                arguments = value;
            }
            context.change(fields);
            JsonElement result = call(arguments);
            if (result == null) {
                System.out.println("the action returned null");
                return error("the action returned null");
            }
            return JSON.toJson(result);
        } catch (InvocationTargetException e) {
            return failure(e.getCause(), false);
        } catch (Throwable e) {
            return failure(e, false);
        }
    }

    private JsonElement call(JsonElement arguments) throws ReflectiveOperationException {
        Method method = arguments.isJsonArray() ? ofArray : ofObject;
        String wanted = arguments.isJsonArray() ? "JsonArray" : "JsonObject";
        if (!arguments.isJsonArray() && !arguments.isJsonObject()) {
            throw new IllegalArgumentException("the arguments are neither an object nor an array");
        }
        if (method == null) {
            throw new NoSuchMethodException("the action takes no " + wanted + ": it has no method public static " + wanted + " " + name + "(" + wanted + ")");
        }
        return (JsonElement) method.invoke(null, arguments);
    }

    /** Tells the log where it happened, and the caller what. */
    private static String failure(Throwable e, boolean named) {
        try {
            e.printStackTrace();
            return error(named || e.getMessage() == null ? e.toString() : e.getMessage());
        } catch (Throwable again) { // its getMessage fails
            return error(e.getClass().getName());
        }
    }

    private static String error(String message) {
        JsonObject object = new JsonObject();
        object.addProperty("error", message);
        return JSON.toJson(object);
    }
}
