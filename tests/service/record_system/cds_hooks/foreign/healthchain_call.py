"""Run by the clients' own Python: healthchain's sandbox calls a service with a prefetch from a file."""

import json
import sys

from healthchain.sandbox import SandboxClient

url, workflow, path, patient = sys.argv[1:]
client = SandboxClient(url=url, workflow=workflow)
client.load_from_path(path)
for request in client.requests:  # the sandbox draws a patient and a user at random
    request.context.patientId = patient
    request.context.userId = "Practitioner/7"
print(json.dumps(client.send_requests()))
