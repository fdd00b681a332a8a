<?php
// A panel in PHP that is licensed by the agent on its machine: php panel.php [KEY]
function stop(string $sentence): never
{
    fwrite(STDERR, $sentence . "\n");
    exit(1);
}

function agent(string $method, string $path, ?array $body = null): array
{
    $url = getenv('AGENT_URL') ?: 'http://127.0.0.1:3082';
    $file = getenv('AGENT_TOKEN_FILE') ?: '/var/lib/mooring-agent/panel-token';
    $token = trim(@file_get_contents($file) ?: stop("There is no $file that I may read."));
    $http = ['method' => $method, 'timeout' => 60, 'ignore_errors' => true,
        'header' => ["Authorization: Bearer $token", 'Content-Type: application/json'],
        'content' => $body === null ? '' : json_encode($body)];
    $text = @file_get_contents("$url/api/v1$path", false, stream_context_create(['http' => $http]));
    $answer = json_decode($text ?: 'null', true) ?? stop("The agent at $url does not answer.");
    return ($answer['success'] ?? true) ? $answer : stop($answer['message']);
}

$license = agent('GET', '/license/')['license'];
if (!$license['is_valid'] && isset($argv[1])) {
    $license = agent('POST', '/license/activate', ['key' => $argv[1]])['license'];
}
$license['is_valid'] || stop($license['message']);
echo 'Tier: ', $license['tier'], ' Limits: ', json_encode($license['limits']), "\n";
echo 'Usage: ', agent('PUT', '/license/usage', ['accounts' => 3])['usage']['accounts'], "\n";
