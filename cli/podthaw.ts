#!/usr/bin/env node
/** `npx podthaw`: the hand on the lever. */
import process from 'node:process';
import { runCli } from './program.ts';
import { terminal } from './terminal.ts';

process.exitCode = await runCli(process.argv.slice(2), terminal());
