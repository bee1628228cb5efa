// Says what AsyncAPI's own parser finds wrong in a description: node validate.mjs FILE
import { readFileSync } from "node:fs";
import parser from "@asyncapi/parser";

const WARNING = 1;

const text = readFileSync(process.argv[2], "utf8");
const { document, diagnostics } = await new parser.Parser().parse(text);
const wrong = diagnostics.filter((each) => each.severity <= WARNING);
for (const each of wrong) console.log(each.code, each.path.join("/"), each.message);
process.exitCode = document === undefined || wrong.length > 0 ? 1 : 0;
