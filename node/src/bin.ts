#!/usr/bin/env node
/** The `chatkeep` command. It runs the Rust command, which uses this process's standard streams. */

import process from 'node:process';
import { native } from './native.js';

// This process has not used Node's standard streams, so Node has not changed the mode of the
// terminal or the pipes. While the command runs, Node only records signals and would handle them
// afterwards; the command itself handles Ctrl-C and SIGTERM.
process.exitCode = native.runCommand(['chatkeep', ...process.argv.slice(2)]);
