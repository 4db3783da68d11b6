#!/usr/bin/env node
/** The `chatkeep` command: the Rust command on this process's standard streams. */

import process from 'node:process';
import { native } from './native.js';

// Node's streams have not been used, so the terminal and the pipes are unchanged. Node only records
// a signal and handles it after the command; the command itself handles Ctrl-C and SIGTERM.
process.exitCode = native.runCommand(['chatkeep', ...process.argv.slice(2)]);
