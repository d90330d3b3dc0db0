<?php

// Greets: the smallest action of a PHP runtime.
function main(array $args): array
{
    $name = $args['name'] ?? 'stranger';
    echo "greeting $name\n";
    return ['greeting' => "Hello, $name!"];
}
