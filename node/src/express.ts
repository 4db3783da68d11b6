/**
 * For Express: bearer tokens, errors as answers, and a health check.
 *
 * Each takes a {@link Chatkeep}; without one, it is the database that the environment names. Express itself is not installed
 * with chatkeep, and any framework whose middleware is `(request, response, next)` will do.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { currentToken, handleErrors, healthCheck, tokenRequired } from 'chatkeep/express';
 * import express from 'express';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const app = express();
 * app.get('/health/db-pool', healthCheck(chat));
 * app.get('/whoami', tokenRequired(chat), (request, response) => {
 *   response.json(currentToken(request).description);
 * });
 * app.use(handleErrors()); // after the routes
 * ```
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Chatkeep, TokenInfo } from './index.js';
import * as chatkeep from './index.js';
import * as web from './web.js';

export type { DatabaseHealth } from './web.js';

declare global {
  namespace Express {
    interface Request {
      /** The record of the token that the request brought; there behind `tokenRequired`. */
      token?: TokenInfo;
    }
  }
}

/** A request as Node has it, and its token. */
export type TokenRequest = IncomingMessage & { token?: TokenInfo };

type Next = (error?: unknown) => void;

/** Middleware as Express, Connect and others take it. */
export type Middleware = (request: TokenRequest, response: ServerResponse, next: Next) => void;

/** Middleware for errors; Express knows it by its four parameters. */
export type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/** What can be set for answers. */
export interface AnswerOptions {
  /** The seconds of `Retry-After`. Default: 5. */
  readonly retryAfter?: number;
  /** Where it is noted why a request was answered with 503. Default: `console.warn`. */
  readonly report?: (told: string) => void;
}

/** What can be set for the health check. */
export interface HealthOptions {
  /** The seconds after which a database that has not answered counts as down. Default: 5. */
  readonly timeout?: number;
}

/**
 * Lets a request pass that brings a valid token: `Authorization: Bearer …`. Its record is `request.token`.
 *
 * Without a token, or with one that is not valid, the answer is 401 with `WWW-Authenticate`; when the database does not answer,
 * 503 with `Retry-After`.
 *
 * @param chat The store.
 * @param options What can be set.
 */
export function tokenRequired(chat?: Chatkeep, options: AnswerOptions = {}): Middleware {
  const { retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (request, response, next) => {
    const { authorization } = request.headers;
    web.checked(chat ?? chatkeep, authorization, retryAfter, report).then((verdict) => {
      if ('refusal' in verdict) {
        refuse(response, verdict.refusal);
      } else {
        request.token = verdict.token;
        next();
      }
    }, next);
  };
}

/**
 * The record of the token that a request brought; for routes behind `tokenRequired`.
 *
 * @param request The request.
 * @throws Error when no token was asked for.
 */
export function currentToken(request: { readonly token?: TokenInfo }): TokenInfo {
  if (!request.token) throw new Error('this route is not behind tokenRequired');
  return request.token;
}

/**
 * Turns errors of chatkeep's in routes into answers; to be used after the routes.
 *
 * `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT` and `CHATKEEP_CONFLICT` become 503 with `Retry-After`. `CHATKEEP_OUTCOME_UNKNOWN`
 * becomes 503 without it, as who tries again may store twice. `CHATKEEP_INVALID_INPUT` becomes 422 and names the field. All others are
 * passed on.
 *
 * @param options What can be set.
 */
export function handleErrors(options: AnswerOptions = {}): ErrorMiddleware {
  const { retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (error, _request, response, next) => {
    // Half of another answer may be out already: Express then ends the connection.
    const refusal = response.headersSent ? undefined : web.refusalOf(error, retryAfter, report);
    if (refusal) {
      refuse(response, refusal);
    } else {
      next(error);
    }
  };
}

/**
 * What `/health/db-pool` says: whether the database answers, and the pool's figures.
 *
 * It names neither the host nor the account, so that it may be asked without a token.
 *
 * @param chat The store.
 * @param options What can be set.
 */
export function dbPoolHealth(
  chat?: Chatkeep,
  options: HealthOptions = {},
): Promise<web.DatabaseHealth> {
  return web.databaseHealth(chat ?? chatkeep, options.timeout ?? web.HEALTH_TIMEOUT);
}

/**
 * A route that answers with {@link dbPoolHealth}; 503 when the database is not healthy.
 *
 * @param chat The store.
 * @param options What can be set.
 */
export function healthCheck(chat?: Chatkeep, options: HealthOptions = {}): Middleware {
  return (_request, response, next) => {
    dbPoolHealth(chat, options).then((health) => {
      const { status, headers } = web.healthAnswer(health);
      answer(response, status, headers, health);
    }, next);
  };
}

function refuse(response: ServerResponse, { status, headers, detail }: web.Refusal): void {
  answer(response, status, headers, { detail });
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

function warn(told: string): void {
  console.warn(`chatkeep: ${told}`);
}
