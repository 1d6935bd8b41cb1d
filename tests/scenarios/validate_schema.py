"""Validates scenario files against the published schema: validate_schema.py SCHEMA FILE..."""
import json
import sys

import jsonschema
import yaml

with open(sys.argv[1]) as f:
    schema = json.load(f)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
wrong = 0
for path in sys.argv[2:]:
    with open(path) as f:
        document = yaml.safe_load(f)
    for error in sorted(validator.iter_errors(document), key=str):
        where = "/".join(str(p) for p in error.absolute_path)
        print(f"{path}: {where}: {error.message}")
        wrong += 1
sys.exit(1 if wrong else 0)
