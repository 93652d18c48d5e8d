// Says whether a document is valid OpenAPI and all that it refers to is there.
import SwaggerParser from "@apidevtools/swagger-parser";

const document = await SwaggerParser.validate(process.argv[2]);
console.log(`valid: ${Object.keys(document.paths).length} paths`);
