/* The table of settings: for each variable what it may say, what holds where it is not set, and its
 * line of --help.  How it is read is in config.c. */
#include "settings.h"

#define FIELD(field) offsetof(struct config, field)
#define NUMBER(var, field, in, least, most, otherwise, about)                                      \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_NUMBER, .unit = (in),          \
		.min = (least), .max = (most), .fallback = (otherwise), .help = (about)            \
	}
#define TEXT(var, field, form, what, value, shown, about)                                          \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_TEXT, .is_formed = (form),     \
		.words = (what), .fallback = (value), .otherwise = (shown), .help = (about)        \
	}
#define PICK(var, field, how, of, otherwise, about)                                                \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = (how), .words = (of),               \
		.fallback = (otherwise), .help = (about)                                           \
	}

#define INDEX(var, field, form, what, about)                                                       \
	{                                                                                          \
		.name = (var), .offset = FIELD(field), .kind = KIND_TEXT, .is_formed = (form),     \
		.words = (what), .otherwise = "the image's own", .help = (about),                  \
		.is_secret = true                                                                  \
	}

#define SECOND INT64_C(1000)
#define DAY    (86400 * SECOND)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define TIB    (INT64_C(1) << 40)

const struct setting settings[] = {
	{ .name = "PORT",
	  .also = "MCP_PORT",
	  .offset = FIELD(port),
	  .kind = KIND_NUMBER,
	  .unit = UNIT_COUNT,
	  .max = 65535,
	  .fallback = "3000",
	  .help = "port to listen on; 0 picks a free one" },
	{ .name = "HOST",
	  .also = "MCP_HOST",
	  .offset = FIELD(host),
	  .kind = KIND_TEXT,
	  .is_formed = value_is_host,
	  .words = "a numeric address or localhost",
	  .fallback = "127.0.0.1",
	  .help = "address to listen on; any but loopback asks callers for a key" },
	TEXT("BASE_URL", base_url, value_is_base_url,
	     "a URL such as https://sandpod.example.org, without query", NULL,
	     "Railway's public domain, else http://localhost:PORT",
	     "where people reach this server, for the links it gives out"),
	TEXT("DATA_DIR", data_dir, NULL, "a directory", NULL,
	     "/var/lib/sandpod for root, else ~/.local/share/sandpod",
	     "the directory of everything that is kept"),
	TEXT("PODMAN_SOCKET", podman_socket, value_is_podman_socket,
	     "the path of a socket or tcp://host:port", NULL, "none",
	     "a Podman that runs already; otherwise a private one is started"),
	TEXT("SANDBOX_IMAGE", sandbox_image, NULL, "the name of an image",
	     "docker.io/library/alpine", NULL,
	     "image of the containers; builtin needs no registry"),
	TEXT("SANDBOX_IMAGES", sandbox_images, value_is_image_list,
	     "NAME=IMAGE,… with names of a-z, 0-9 and - and, for each, the name of an image or the "
	     "path of a root file system's tar",
	     NULL, "none", "further images that create_container may name"),
	TEXT("IMAGE_STORE", image_store, value_is_plain_path, "the path of a directory", NULL,
	     "none", "a storage of Podman's whose images the private Podman uses without a copy"),
	NUMBER("SANDBOX_MEMORY", sandbox_memory, UNIT_SIZE, 16 * MIB, TIB, "256m",
	       "memory of each container"),
	NUMBER("SANDBOX_CPUS", sandbox_cpu_milli, UNIT_MILLI, 10, 1024000, "0.5",
	       "processors of each container"),
	NUMBER("SANDBOX_PIDS", sandbox_pids, UNIT_COUNT, 16, 32768, "100",
	       "processes of each container"),
	NUMBER("SANDBOX_DISK", sandbox_disk, UNIT_SIZE, 0, TIB, "0",
	       "disk of each container, where the storage can bind it; 0: not bounded"),
	NUMBER("SANDBOX_TTL", sandbox_ttl_ms, UNIT_DURATION, SECOND, 30 * DAY, "2h",
	       "life of each container"),
	PICK("SANDBOX_NETWORK", sandbox_network, KIND_WORD, "auto,none,internet", "auto",
	     "network of containers; auto is internet where it can be fenced in"),
	TEXT("NETWORK_ALLOW", network_allow, value_is_reach_list,
	     "ADDRESS[/BITS][:PORT],… of IPv4 (containers have no other), such as "
	     "10.1.2.3:8080,192.168.7.0/24, and no wider than /8",
	     NULL, "none", "what is not public, or this machine's, and containers may reach"),
	PICK("SANDBOX_LINK", sandbox_link, KIND_WORD, "auto,exec", "auto",
	     "how commands reach a container; auto is a socket where Podman is on this machine"),
	NUMBER("COMMAND_WAIT", command_wait_ms, UNIT_DURATION, 0, 45 * SECOND, "3s",
	       "how long a call waits before it hands back a running command"),
	NUMBER("COMMAND_TIMEOUT", command_timeout_ms, UNIT_DURATION, SECOND, 30 * DAY, "1h",
	       "when a command is killed"),
	NUMBER("OUTPUT_LIMIT", output_limit, UNIT_SIZE, KIB, 4 * MIB, "16k",
	       "bytes of each stream inside a result"),
	NUMBER("OUTPUT_SPOOL", output_spool, UNIT_SIZE, 64 * KIB, TIB, "64m",
	       "bytes of each stream that stay readable"),
	NUMBER("UPLOAD_LIMIT", upload_limit, UNIT_SIZE, KIB, TIB, "10g",
	       "bytes of a file that is uploaded into a container, at most"),
	INDEX("PIP_INDEX", pip_index, value_is_url, "a URL",
	      "index that install_packages gives to pip"),
	INDEX("NPM_REGISTRY", npm_registry, value_is_url, "a URL",
	      "registry that install_packages gives to npm"),
	INDEX("APK_MIRROR", apk_mirror, value_is_url, "a URL with the folders v3.22, edge …",
	      "mirror that install_packages gives to apk"),
	INDEX("APT_MIRROR", apt_mirror, value_is_apt_source,
	      "a URL, or a line that begins with deb", "source that install_packages gives to apt"),
	NUMBER("MAX_CONTAINERS", max_containers, UNIT_COUNT, 1, 10000, "100",
	       "containers that may live at once"),
	NUMBER("POOL_SIZE", pool_size, UNIT_COUNT, 0, 1000, "4",
	       "containers kept ready when it is quiet; 0: each is made when it is asked for"),
	TEXT("WEB_ALLOWED_DOMAINS", web_domains, value_is_domain_list,
	     "*, or DOMAIN,… such as example.org,*.example.com (the first with all below it, the "
	     "second without itself)",
	     "*", NULL, "what the web tools may visit; private addresses only by NETWORK_ALLOW"),
	NUMBER("WEB_TIMEOUT_DEFAULT", web_timeout_ms, UNIT_SECONDS, SECOND, 40 * SECOND, "30s",
	       "when a page or search is given up"),
	NUMBER("WEB_SIZE", web_size, UNIT_SIZE, 64 * KIB, TIB, "32m",
	       "bytes that a page may load, at most"),
	NUMBER("WEB_MEMORY", web_memory, UNIT_SIZE, 64 * MIB, TIB, "1g",
	       "memory of a container for the web, where Chromium runs"),
	NUMBER("WEB_CPUS", web_cpu_milli, UNIT_MILLI, 10, 1024000, "1",
	       "processors of a container for the web"),
	NUMBER("WEB_PIDS", web_pids, UNIT_COUNT, 16, 32768, "400",
	       "processes and threads of a container for the web"),
	PICK("WEB_SEARCH", web_search, KIND_WORD, "none,searxng,brave,duckduckgo", "none",
	     "who answers web_search"),
	TEXT("SEARXNG_URL", searxng_url, value_is_url, "a URL", NULL, "none",
	     "the SearXNG of WEB_SEARCH=searxng; on a private address it needs NETWORK_ALLOW"),
	{ .name = "BRAVE_API_KEY",
	  .offset = FIELD(brave_api_key),
	  .kind = KIND_TEXT,
	  .is_formed = value_is_token,
	  .words = "letters, digits, - and _",
	  .otherwise = "none",
	  .help = "the key for WEB_SEARCH=brave",
	  .is_secret = true },
	PICK("SANDPOD_TOOLS", tool_sets, KIND_WORDS,
	     "containers,commands,code,files,web,compat-container-mcp,compat-code-sandbox",
	     "containers,commands,code,files",
	     "which sets of tools are offered; web needs an image of that name in SANDBOX_IMAGES, "
	     "and is offered by itself where there is one"),
	TEXT("BASH_ALLOWED_COMMANDS", bash_allowed_commands, NULL, "names separated by commas",
	     NULL, "all", "compat-container-mcp: what system_run_command may run"),
	NUMBER("BASH_TIMEOUT_DEFAULT", bash_timeout_default_ms, UNIT_SECONDS, SECOND, DAY, "30s",
	       "compat-container-mcp: how long a command may take"),
	NUMBER("BASH_TIMEOUT_MAX", bash_timeout_max_ms, UNIT_SECONDS, SECOND, DAY, "120s",
	       "compat-container-mcp: the most that BASH_TIMEOUT_DEFAULT can give"),
	NUMBER("PYTHON_MEMORY_LIMIT", python_memory_limit_mb, UNIT_COUNT, 16, 1048576, "256",
	       "compat-container-mcp: MiB of memory of the sandbox, up to SANDBOX_MEMORY"),
	NUMBER("PYTHON_TIMEOUT_DEFAULT", python_timeout_default_ms, UNIT_SECONDS, SECOND, DAY,
	       "30s", "compat-container-mcp: how long Python code may take"),
	NUMBER("PYTHON_TIMEOUT_MAX", python_timeout_max_ms, UNIT_SECONDS, SECOND, DAY, "120s",
	       "compat-container-mcp: the most that PYTHON_TIMEOUT_DEFAULT can give"),
	NUMBER("FILE_MAX_SIZE_MB", file_max_size_mb, UNIT_COUNT, 1, 1024, "10",
	       "compat-container-mcp: MiB of a file that is read or written"),
	TEXT("FILE_ALLOWED_EXTENSIONS", file_allowed_extensions, NULL,
	     "extensions separated by commas, or *", "txt,md,csv,json,py", NULL,
	     "compat-container-mcp: which files are read and written"),
	PICK("AUTH", auth, KIND_CHOICE, "auto,none,key", "auto",
	     "whether callers need a key; auto: on every address but loopback"),
	{ .name = "ALLOW_UNENFORCED",
	  .offset = FIELD(allow_unenforced),
	  .kind = KIND_WORDS,
	  .words = CONFIG_WALLS,
	  .fallback = "",
	  .otherwise = "none",
	  .help = "limits that may be missing on this machine (see sandpod doctor)" },
	{ .name = "LOG_LEVEL",
	  .offset = FIELD(log_level),
	  .kind = KIND_CHOICE,
	  .words = "debug,info,warn,error",
	  .others = "DEBUG,INFO,WARNING,ERROR,CRITICAL",
	  .fallback = "info",
	  .help = "the least important lines that are logged" },
	PICK("LOG_FORMAT", log_format, KIND_CHOICE, "text,json", "text", "how a log line looks"),
};

const size_t settings_count = sizeof(settings) / sizeof(settings[0]);
