/* Moving a large file out of a container and into it, in the ways that are compared. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "bench.h"

/* A download through the link of get_file_url; all of it must come. */
bool transfer_download(struct caller *caller, const char *id, const char *path, int64_t bytes,
		       struct error *err) must_check;
/* The same bytes out of an exec session over REST (`cat`). */
bool transfer_exec_out(struct rest *rest, const char *id, const char *path, int64_t bytes,
		       struct error *err) must_check;

/* Whether the server has the tool get_upload_url. */
bool transfer_can_upload(struct caller *caller, bool *ret_can, struct error *err) must_check;
/* bytes of zeros by PUT to the URL that get_upload_url gives; the file must then be that large. */
bool transfer_upload(struct caller *caller, const char *id, const char *path, int64_t bytes,
		     struct error *err) must_check;
/* The same bytes into an exec session over REST (`cat >path`). */
bool transfer_exec_in(struct rest *rest, const char *id, const char *path, int64_t bytes,
		      struct error *err) must_check;

#endif
