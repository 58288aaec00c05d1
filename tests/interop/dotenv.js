// Reads the first text of each case with npm's dotenv, and answers the cases it should have been.
const { parse } = require('dotenv')
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(cases.map(([text]) => [text, parse(text)])))
