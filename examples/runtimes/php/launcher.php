<?php
// Runs a PHP action over ActionLoop: launcher.php FUNCTION, in the action's
// folder. Requests come on descriptor 4 and results go to 5, where start has put
// them: 0 and 3 are what an action might touch.

namespace Whiskaway;

final class Launcher
{
    private const FAILED = "An error occurred running the action.";
    private const JSON = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;

    private static $requests;
    private static $results;
    private static bool $loaded = false;
    private static array $initial;
    private static array $changed = [];

    public static function begin(): void
    {
        self::$requests = fopen('php://fd/4', 'rb');
        self::$results = fopen('php://fd/5', 'wb');
        self::$initial = getenv();
        register_shutdown_function([self::class, 'lastWords']);
    }

    // Runs the requests, to their end; $main is the name of a callable.
    public static function serve(string $main): void
    {
        if (!is_callable($main)) {
            self::refuse("the action has no function '$main'");
        }
        self::$loaded = true;
        self::answer('{"ok":true}');
        while (($line = fgets(self::$requests)) !== false) {
            self::answer(self::run($main, $line));
        }
    }

    // Ends a process whose action could not be loaded, and says why.
    public static function refuse(string $cause): never
    {
        self::$loaded = true; // nothing more is to be said
        self::answer(json_encode(['error' => $cause], self::JSON | JSON_INVALID_UTF8_SUBSTITUTE));
        exit(1);
    }

    // A fatal error cannot be caught: the process ends, but not without a word. It
    // says two, so that the server gives this process no other run while it ends.
    // An exit that the action wants is no error.
    public static function lastWords(): void
    {
        $error = error_get_last();
        if ($error && $error['type'] & (E_ERROR | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_PARSE)) {
            if (!self::$loaded) {
                self::refuse($error['message']);
            }
            self::answer(self::FAILED . "\n" . self::FAILED);
        }
    }

    private static function answer(string $line): void
    {
        while (ob_get_level() > 0 && ob_end_flush()) {
            continue; // what the action buffers is the log of this run
        }
        fwrite(self::$results, $line . "\n");
    }

    // A line that is no JSON makes the run one that failed.
    private static function run(string $main, string $line): string
    {
        try {
            $fields = json_decode($line, true, 100_000, JSON_THROW_ON_ERROR) ?? [];
            $arguments = $fields['value'] ?? [];
            unset($fields['value']);
            self::change($fields);
            return self::result($main($arguments));
        } catch (\Throwable $e) {
            self::log($e);
            return self::FAILED;
        }
    }

    private static function result(mixed $result): string
    {
        if (is_object($result) && method_exists($result, 'getArrayCopy')) {
            $result = $result->getArrayCopy();
        } elseif ($result instanceof \stdClass) {
            $result = (array) $result;
        }
        if ($result !== null && !is_array($result)) {
            self::log('The action must return an array, not ' . get_debug_type($result) . '.');
            return self::FAILED;
        }
        return json_encode((object) ($result ?? []), self::JSON, 100_000); // the empty array is {}
    }

    // The __OW_ variables: what the process started with, and each run's own on top.
    private static function change(array $fields): void
    {
        foreach (self::$changed as $name) {
            self::set($name, self::$initial[$name] ?? null);
        }
        self::$changed = [];
        foreach ($fields as $key => $value) {
            $name = '__OW_' . strtoupper($key);
            $text = is_string($value) ? $value : json_encode($value, self::JSON, 100_000);
            if (strpbrk($name, "=\0") === false && !str_contains($text, "\0")) {
                self::set($name, $text);
                self::$changed[] = $name;
            }
        }
    }

    private static function set(string $name, ?string $value): void
    {
        if ($value === null) {
            unset($_ENV[$name]);
            putenv($name);
            return;
        }
        $_ENV[$name] = $value;
        putenv("$name=$value");
    }

    public static function log(\Throwable|string $what): void
    {
        file_put_contents('php://stderr', $what . "\n");
    }
}

Launcher::begin();
try { // here, so that the action's variables are the global ones it takes them for
    if (is_file('./vendor/autoload.php')) {
        require './vendor/autoload.php';
    } elseif (is_file(__DIR__ . '/vendor/autoload.php')) {
        require __DIR__ . '/vendor/autoload.php';
    }
    require './index.php';
} catch (\Throwable $e) {
    Launcher::log($e);
    Launcher::refuse(get_class($e) . ': ' . $e->getMessage());
}
Launcher::serve($argv[1]);
