/* The shape of a container made ahead of need: a digest of everything that goes into one and cannot
 * be changed afterwards.  After a start with other settings, another program or another image no
 * wish is served by a container of an older shape. */
#include <sys/stat.h>
#include "digest.h"
#include "internal.h"
#include "json.h"

_Static_assert((int)SHAPE_SIZE == (int)DIGEST_TEXT_SIZE, "a shape is a digest");

/* The file itself is in the containers, by a bind mount: one put in its place is another. */
static void put_agent(struct json *body, const char *path)
{
	struct stat st = { 0 };

	(void)stat(path, &st);
	json_put_text(body, "program", SANDPOD_VERSION);
	json_put_int(body, "wire", WIRE_VERSION);
	json_put_int(body, "agent_inode", (int64_t)(st.st_ino & INT64_MAX));
	json_put_int(body, "agent_size", st.st_size);
	json_put_int(body, "agent_time", st.st_mtim.tv_sec);
	json_put_int(body, "agent_time_ns", st.st_mtim.tv_nsec);
}

void shape_of(const struct sandboxes *all, const char *image_id, char ret_shape[SHAPE_SIZE])
{
	const struct sandbox_settings *settings = &all->settings;
	auto_json body = json_object();
	auto_str text = NULL;

	json_put_text(body, "image", settings->image);
	json_put_text(body, "image_id", image_id);
	json_put_int(body, "memory", settings->memory);
	json_put_int(body, "cpu_milli", settings->cpu_milli);
	json_put_int(body, "pids", settings->pids);
	json_put_int(body, "disk", settings->disk);
	json_put_int(body, "ttl_ms", settings->ttl_ms);
	json_put_text(body, "network", settings->network);
	json_put_text(body, "network_name", settings->network_name);
	json_put_text(body, "bridge", settings->bridge);
	json_put_int(body, "open_files", settings->open_files_max);
	json_put_int(body, "processes", settings->processes_max);
	json_put_text(body, "seccomp", settings->seccomp_profile);
	put_agent(body, settings->agent_path);
	text = json_print(body);
	digest_text("", text, ret_shape);
}
