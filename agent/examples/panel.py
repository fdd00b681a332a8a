#!/usr/bin/env python3
"""A panel in Python that is licensed by the agent on its machine: panel.py [KEY]"""
import json, os, sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

AGENT = os.environ.get("AGENT_URL", "http://127.0.0.1:3082")
TOKEN_FILE = os.environ.get("AGENT_TOKEN_FILE", "/var/lib/mooring-agent/panel-token")


def agent(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with open(TOKEN_FILE) as file:
            headers = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}
        return json.load(urlopen(Request(AGENT + "/api/v1" + path, data, headers, method=method), timeout=60))
    except HTTPError as refusal:
        sys.exit(json.load(refusal)["message"])
    except OSError as error:
        sys.exit(f"The agent at {AGENT} cannot be asked: {error}")


license = agent("GET", "/license/")["license"]
if not license["is_valid"] and len(sys.argv) > 1:
    license = agent("POST", "/license/activate", {"key": sys.argv[1]})["license"]
if not license["is_valid"]:
    sys.exit(license["message"])
print("Tier:", license["tier"], "Limits:", json.dumps(license["limits"], sort_keys=True))
print("Usage:", agent("PUT", "/license/usage", {"accounts": 3})["usage"]["accounts"])
