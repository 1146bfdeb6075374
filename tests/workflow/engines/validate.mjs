// Validate definitions by asl-validator: a list from stdin, the texts of errors to stdout.
import { readFileSync, writeFileSync } from "node:fs";
import validate from "asl-validator";

const errors = JSON.parse(readFileSync(0, "utf8")).map((definition) => {
  const { isValid, errorsText } = validate(definition, { checkArn: true, checkPaths: true });
  return isValid ? "" : errorsText("\n");
});
writeFileSync(1, JSON.stringify(errors));
