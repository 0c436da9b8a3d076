// Builds the report page: bundles src/main.js and the styles, and writes ONE html file in which only the
// run's title and data are still missing (ReportWriter.cs puts them in).
//
//   node build.mjs <output file>

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];
if (!output) {
    console.error('usage: node build.mjs <output file>');
    process.exit(2);
}

// uPlot's notice must travel with every copy of its code; its own header is not marked as a legal comment.
const notice = readFileSync(resolve(here, 'node_modules/uplot/LICENSE'), 'utf8').trim();
const banner = `/*!\nuPlot is part of this page:\n\n${notice}\n*/`;

const result = await build({
    absWorkingDir: here,
    entryPoints: ['src/main.js'],
    bundle: true,
    minify: true,
    write: false,
    outdir: 'out',
    format: 'iife',
    target: ['es2022', 'chrome105', 'firefox110', 'safari16'],
    charset: 'utf8',
    legalComments: 'inline',
    banner: { js: banner, css: banner },
    logLevel: 'warning',
});

const text = (extension) => result.outputFiles.find((file) => file.path.endsWith(extension)).text.trim();
const script = text('.js');
const style = text('.css');

// The page may run this script and nothing else, and may load nothing at all.
const scriptHash = createHash('sha256').update(script, 'utf8').digest('base64');
const policy =
    `default-src 'none'; script-src 'sha256-${scriptHash}'; style-src 'unsafe-inline'; img-src data:; ` +
    `base-uri 'none'; form-action 'none'`;

let page = readFileSync(resolve(here, 'page.html'), 'utf8');
for (const [name, value] of Object.entries({ policy, style, script })) {
    page = page.replace(`{{${name}}}`, () => value);
}

for (const name of ['title', 'data']) {
    const found = page.split(`{{${name}}}`).length - 1;
    if (found !== 1) {
        console.error(`page.html must hold {{${name}}} exactly once; found ${found}.`);
        process.exit(1);
    }
}

mkdirSync(dirname(resolve(output)), { recursive: true });
writeFileSync(output, page);
