/**
 * Express integration: bearer tokens, error responses, and a health check.
 *
 * Each function takes a {@link Chatkeep}; the default is the store that the environment variables
 * configure. Express is not a dependency of chatkeep. Any framework with
 * `(request, response, next)` middleware works.
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
      /** The record of the request's token, set by `tokenRequired`. */
      token?: TokenInfo;
    }
  }
}

/** A Node request with the record of its token. */
export type TokenRequest = IncomingMessage & { token?: TokenInfo };

type Next = (error?: unknown) => void;

/** Middleware for Express, Connect and similar frameworks. */
export type Middleware = (request: TokenRequest, response: ServerResponse, next: Next) => void;

/** Error middleware. Express identifies it by its four parameters. */
export type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void;

/** Options of responses. */
export interface AnswerOptions {
  /** `Retry-After` in seconds. Default: 5. */
  readonly retryAfter?: number;
  /** Logs why a request was answered with 503. Default: `console.warn`. */
  readonly report?: (message: string) => void;
}

/** Options of the health check. */
export interface HealthOptions {
  /** Maximum response time of the database, in seconds. Default: 5. */
  readonly timeout?: number;
}

/**
 * Returns middleware that requires a valid token: `Authorization: Bearer …`. It sets
 * `request.token` to the token's record.
 *
 * Without a valid token, the response is 401 with `WWW-Authenticate`. If the database does not
 * respond, it is 503 with `Retry-After`.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options Options of the responses.
 */
export function tokenRequired(chat?: Chatkeep, options: AnswerOptions = {}): Middleware {
  const { retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (request, response, next) => {
    const { authorization } = request.headers;
    web.checkRequest(chat ?? chatkeep, authorization, retryAfter, report).then((verdict) => {
      if ('error' in verdict) {
        sendError(response, verdict.error);
      } else {
        request.token = verdict.token;
        next();
      }
    }, next);
  };
}

/**
 * Returns the record of the request's token. The route must use `tokenRequired`.
 *
 * @param request The request.
 * @throws Error if the route does not use `tokenRequired`.
 */
export function currentToken(request: { readonly token?: TokenInfo }): TokenInfo {
  if (!request.token) throw new Error('this route does not use tokenRequired');
  return request.token;
}

/**
 * Returns error middleware that converts chatkeep's errors in routes to responses. Add it after the
 * routes.
 *
 * - `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`: 503 with `Retry-After`.
 * - `CHATKEEP_OUTCOME_UNKNOWN`: 503 without it, because a retry may store the message twice.
 * - `CHATKEEP_INVALID_INPUT`: 422 with the field's name.
 *
 * All other errors are passed on.
 *
 * @param options Options of the responses.
 */
export function handleErrors(options: AnswerOptions = {}): ErrorMiddleware {
  const { retryAfter = web.RETRY_AFTER, report = warn } = options;
  return (error, _request, response, next) => {
    // If part of the response has already been sent, Express closes the connection.
    const details = response.headersSent ? undefined : web.errorResponse(error, retryAfter, report);
    if (details) {
      sendError(response, details);
    } else {
      next(error);
    }
  };
}

/**
 * Returns the body of `/health/db-pool`: the health of the database and the pool's connection
 * counts.
 *
 * It contains neither the host nor the account, so the route needs no token.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The timeout.
 */
export function dbPoolHealth(
  chat?: Chatkeep,
  options: HealthOptions = {},
): Promise<web.DatabaseHealth> {
  return web.databaseHealth(chat ?? chatkeep, options.timeout ?? web.HEALTH_TIMEOUT);
}

/**
 * Returns a route that responds with {@link dbPoolHealth}; 503 if the database is unhealthy.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The timeout.
 */
export function healthCheck(chat?: Chatkeep, options: HealthOptions = {}): Middleware {
  return (_request, response, next) => {
    dbPoolHealth(chat, options).then((health) => {
      const { status, headers } = web.healthResponse(health);
      send(response, status, headers, health);
    }, next);
  };
}

function sendError(response: ServerResponse, { status, headers, detail }: web.ErrorResponse): void {
  send(response, status, headers, { detail });
}

function send(
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

function warn(message: string): void {
  console.warn(`chatkeep: ${message}`);
}
