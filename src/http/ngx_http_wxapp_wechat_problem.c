
#include "http/ngx_http_wxapp_wechat_problem.h"
#include "http/ngx_http_wxapp_reply.h"


/* the last one is for every other errcode */

static ngx_http_wxapp_wechat_problem_t  ngx_http_wxapp_wechat_problems[] = {

    { -1, 503, "wechat_busy", "WeChat is busy, try again",
      NGX_HTTP_WXAPP_LOGIN_UPSTREAM, 1, NGX_LOG_WARN },

    { 40029, 401, "code_invalid", "the code is invalid or has expired",
      NGX_HTTP_WXAPP_LOGIN_REFUSED, 0, NGX_LOG_INFO },
    { 42003, 401, "code_invalid", "the code is invalid or has expired",
      NGX_HTTP_WXAPP_LOGIN_REFUSED, 0, NGX_LOG_INFO },
    { 40163, 401, "code_used", "the code has been used",
      NGX_HTTP_WXAPP_LOGIN_REFUSED, 0, NGX_LOG_INFO },
    { 41008, 400, "code_missing", "the code is missing",
      NGX_HTTP_WXAPP_LOGIN_REFUSED, 0, NGX_LOG_INFO },

    { 40226, 403, "user_blocked", "WeChat has blocked this user",
      NGX_HTTP_WXAPP_LOGIN_BLOCKED, 0, NGX_LOG_INFO },

    { 45011, 429, "wechat_limited", "too many calls, try again in a minute",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 60, NGX_LOG_WARN },
    { 44990, 429, "wechat_limited", "too many calls, try again in a minute",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 60, NGX_LOG_WARN },
    { 44991, 429, "wechat_limited", "too many calls, try again in a minute",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 60, NGX_LOG_WARN },

    { 45009, 503, "wechat_quota", "the day's quota of WeChat calls is used up",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 3600, NGX_LOG_ERR },
    { 44993, 503, "wechat_quota", "the day's quota of WeChat calls is used up",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 3600, NGX_LOG_ERR },
    { 45029, 503, "wechat_quota", "the day's quota of WeChat calls is used up",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 3600, NGX_LOG_ERR },
    { 48006, 503, "wechat_quota", "the day's quota of WeChat calls is used up",
      NGX_HTTP_WXAPP_LOGIN_LIMITED, 3600, NGX_LOG_ERR },

    { NGX_HTTP_WXAPP_WECHAT_NO_REPLY, 502, "wechat_failed",
      "WeChat gave no usable answer",
      NGX_HTTP_WXAPP_LOGIN_UPSTREAM, 1, NGX_LOG_ERR },
    { NGX_HTTP_WXAPP_WECHAT_TOO_SLOW, 504, "wechat_timeout",
      "WeChat did not answer in time",
      NGX_HTTP_WXAPP_LOGIN_TIMEOUT, 1, NGX_LOG_ERR },

    /* appid, secret, allow-list, rights: nothing that a client can mend */

    { 0, 502, "wechat_refused", "WeChat refuses this service",
      NGX_HTTP_WXAPP_LOGIN_UPSTREAM, 60, NGX_LOG_ERR }
};


int32_t
ngx_http_wxapp_wechat_number(ngx_http_wxapp_wechat_t *call)
{
    switch (call->result) {

    case NGX_HTTP_WXAPP_WECHAT_ERROR:

        /* our own numbers, and those too long for one, are no errcode */

        return (call->errcode >= NGX_HTTP_WXAPP_WECHAT_NO_REPLY
                || call->errcode < INT32_MIN)
               ? 0 : call->errcode;

    case NGX_HTTP_WXAPP_WECHAT_TIMEOUT:
        return NGX_HTTP_WXAPP_WECHAT_TOO_SLOW;

    default:
        return NGX_HTTP_WXAPP_WECHAT_NO_REPLY;
    }
}


ngx_http_wxapp_wechat_problem_t *
ngx_http_wxapp_wechat_problem(int32_t number,
    ngx_http_wxapp_wechat_problem_t *more)
{
    ngx_http_wxapp_wechat_problem_t  *p;

    for (p = more; p && p->code; p++) {
        if (p->number == number) {
            return p;
        }
    }

    for (p = ngx_http_wxapp_wechat_problems; p->number; p++) {
        if (p->number == number) {
            break;
        }
    }

    return p;
}


ngx_int_t
ngx_http_wxapp_wechat_refuse(ngx_http_request_t *r, const char *what,
    ngx_http_wxapp_wechat_t *call, ngx_http_wxapp_wechat_problem_t *problem)
{
    ngx_log_error(problem->level, r->connection->log, 0,
                  "%s failed: %s, errcode %L, rid \"%V\"",
                  what, problem->code, call->errcode, &call->rid);

    if (problem->retry
        && ngx_http_wxapp_retry_after(r, problem->retry) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_wxapp_problem(r, problem->status, problem->code,
                                  problem->message);
}
