/* One line per event on standard error: time, level, subject, fact.
 * error: someone must act.  warn: we coped.  info: a container was born, changed, died; the server
 * started, stopped.  debug: the rest.  Never command output, file contents, tokens or keys.
 * Only sandbox/, mcp/, web/, podman/service.c and app/ log; everything below returns errors. */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

void log_open(enum log_level least, enum log_format format);

/* subject: what the line is about, an id or a module word ("c-7k…", "podman"); never NULL. */
void log_write(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif
