// Runs test programs that were compiled to WebAssembly, and shows that they can fail.
//
// Input: JSON, for each crate its name, its programs and its fixtures. The programs are Rust's own test harness for a target that has no
// system under it: `main` runs every test in turn, and a test that fails ends it with a trap. So that silence means success, each
// fixture is looked for in the programs, whole, and a number in it is changed: that run must trap.
import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** The exit status of the program's `main`, or the trap that ended it. */
async function run(module) {
  const instance = await WebAssembly.instantiate(module, {});
  try {
    return instance.exports.main(0, 0);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return error;
    throw error;
  }
}

/** The place of the last number's first digit; the fixtures of intervals, streams and noise floors end with expected values. */
function placeOfADigit(fixture) {
  return [...fixture.toString("latin1").matchAll(/[1-9][0-9a-fx.p+-]*/g)].at(-1).index;
}

let failed = false;
const say = (text) => console.log(text);
const fault = (text) => {
  failed = true;
  say(`FAULT: ${text}`);
};

for (const { name, programs, fixtures } of JSON.parse(process.argv[2])) {
  const compiled = [];
  for (const path of programs) {
    const program = `${name}, ${basename(path, ".wasm").replace(/-[0-9a-f]+$/, "")}`;
    const bytes = readFileSync(path);
    const module = new WebAssembly.Module(bytes);
    const imports = WebAssembly.Module.imports(module);
    if (imports.length > 0) {
      fault(`${program}: asks for functions of a system: ${imports.map((it) => it.name).join(", ")}`);
      continue;
    }
    const start = performance.now();
    const status = await run(module);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (status === 0) say(`${program}: every test passes (${seconds} s)`);
    else fault(`${program}: a test fails: ${status.stack ?? `exit status ${status}`}`);
    compiled.push(bytes);
  }
  for (const path of fixtures) {
    const fixture = readFileSync(path);
    const bytes = compiled.find((bytes) => bytes.includes(fixture));
    if (bytes === undefined) {
      fault(`${name}: no program holds ${basename(path)}`);
      continue;
    }
    const changed = Buffer.from(bytes);
    const place = changed.indexOf(fixture) + placeOfADigit(fixture);
    changed[place] = changed[place] === 0x31 ? 0x32 : 0x31;
    const status = await run(new WebAssembly.Module(changed));
    if (status instanceof WebAssembly.RuntimeError) say(`${name}: ${basename(path)} is read, a changed number is noticed`);
    else fault(`${name}: a changed number of ${basename(path)} is not noticed`);
  }
}
process.exitCode = failed ? 1 : 0;
