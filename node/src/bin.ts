#!/usr/bin/env node
/** The `chatkeep` command: the same as the Rust one, on this process's standard streams. */

import process from 'node:process';
import { native } from './native.js';

// Nothing of Node's own streams was touched, so the terminal and the pipes are as the shell gave them. Node only notes a
// signal, and looks at it when the command is over; the command watches for Ctrl-C and SIGTERM by itself.
process.exitCode = native.runCommand(['chatkeep', ...process.argv.slice(2)]);
