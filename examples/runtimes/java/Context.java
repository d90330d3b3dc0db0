package whiskaway;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The __OW_ variables: what the process started with, and each run's own on top. */
final class Context {
    private final Map<String, String> environment = writable();
    private final Map<String, String> initial = new HashMap<>(environment);
    private final Set<String> changed = new HashSet<>();

    /**
     * The map behind System.getenv(). Java has no other way to change what
     * actions read there; start opens the packages that it is in.
     */
    @SuppressWarnings("unchecked")
    private static Map<String, String> writable() {
        try {
            Map<String, String> fixed = System.getenv();
            Field behind = fixed.getClass().getDeclaredField("m");
            behind.setAccessible(true);
            return (Map<String, String>) behind.get(fixed);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java's environment cannot be changed", e);
        }
    }

    void change(JsonObject fields) {
        for (String name : changed) {
            environment.remove(name);
            if (initial.containsKey(name)) {
                environment.put(name, initial.get(name));
            }
        }
        changed.clear();
        for (Map.Entry<String, JsonElement> field : fields.entrySet()) {
            String name = "__OW_" + field.getKey().toUpperCase(Locale.ROOT);
            JsonElement value = field.getValue();
            boolean text = value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
            try {
                environment.put(name, text ? value.getAsString() : value.toString());
                changed.add(name);
            } catch (IllegalArgumentException e) {
                continue; // a NUL, or = in the name
            }
        }
    }
}
