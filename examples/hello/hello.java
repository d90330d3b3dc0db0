import com.google.gson.JsonObject;

/** Greets: the smallest action of a Java runtime, with --main Hello. */
public class Hello {
    public static JsonObject main(JsonObject args) {
        String name = args.has("name") ? args.get("name").getAsString() : "stranger";
        System.out.println("greeting " + name);
        JsonObject result = new JsonObject();
        result.addProperty("greeting", "Hello, " + name + "!");
        return result;
    }
}
