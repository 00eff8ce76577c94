/* The languages whose text is shown with colours: data for the one lexer in preview_code.c.  Words
 * stand between single spaces, so that one search finds them. */
#include "preview.h"
#include <string.h>
#include <strings.h>

#define C_WORDS                                                                                    \
	" auto bool break case char const constexpr continue default do double else enum extern "  \
	"false float for goto if inline int int8_t int16_t int32_t int64_t long NULL nullptr "     \
	"register restrict return short signed size_t sizeof static static_assert struct switch "  \
	"true typedef typeof uint8_t uint16_t uint32_t uint64_t union unsigned void volatile "     \
	"while "
#define JS_WORDS                                                                                   \
	" as async await break case catch class const continue debugger default delete do else "   \
	"export extends false finally for from function get if import in instanceof let new null " \
	"of return set static super switch this throw true try typeof undefined var void while "   \
	"with yield "
#define C_LIKE .line = "//", .open = "/*", .close = "*/"

static const struct language languages[] = {
	{ .label = "C",
	  .endings = " c h ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_PREPARED,
	  .keywords = C_WORDS },
	{ .label = "C++",
	  .endings = " cpp cc cxx hpp hh hxx c++ ino cu ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_PREPARED,
	  .keywords = C_WORDS
	  "alignas alignof and catch char8_t class co_await co_return co_yield concept const_cast "
	  "consteval decltype delete dynamic_cast explicit export final friend import module "
	  "mutable namespace new noexcept not operator or override private protected public "
	  "reinterpret_cast requires static_cast template this thread_local throw try typeid "
	  "typename using virtual " },
	{ .label = "C#",
	  .endings = " cs ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_PREPARED,
	  .keywords =
		  " abstract as async await base bool break byte case catch char class const "
		  "continue decimal default delegate do double else enum event explicit extern "
		  "false finally fixed float for foreach get if implicit in int interface internal "
		  "is lock long namespace new null object operator out override params private "
		  "protected public readonly record ref return sbyte sealed set short sizeof "
		  "static "
		  "string struct switch this throw true try typeof uint ulong unchecked unsafe "
		  "ushort using var virtual void volatile when where while yield " },
	{ .label = "Java",
	  .endings = " java ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_TRIPLE,
	  .keywords = " abstract assert boolean break byte case catch char class const continue "
		      "default do double else enum extends false final finally float for if "
		      "implements import instanceof int interface long native new null package "
		      "permits private protected public record return sealed short static strictfp "
		      "super switch synchronized this throw throws transient true try var void "
		      "volatile while yield " },
	{ .label = "Kotlin",
	  .endings = " kt kts ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_TRIPLE | LANG_NESTED,
	  .keywords = " abstract as break by catch class companion const constructor continue data "
		      "do else enum false final finally for fun get if import in init inline inner "
		      "interface internal is lateinit null object open operator out override "
		      "package private protected public return sealed set super suspend this throw "
		      "true try typealias val var when where while " },
	{ .label = "Swift",
	  .endings = " swift ",
	  C_LIKE,
	  .quotes = "\"",
	  .flags = LANG_TRIPLE | LANG_NESTED,
	  .keywords =
		  " actor as associatedtype async await break case catch class continue default "
		  "defer deinit do else enum extension false fileprivate final for func guard "
		  "if import in init inout internal is lazy let mutating nil open operator "
		  "override private protocol public repeat return self Self static struct "
		  "subscript super switch throw throws true try typealias var weak where "
		  "while " },
	{ .label = "Go",
	  .endings = " go ",
	  C_LIKE,
	  .quotes = "\"'`",
	  .flags = LANG_CHARACTER | LANG_LINES,
	  .keywords = " any bool break byte case chan const continue default defer else error "
		      "fallthrough false float32 float64 for func go goto if import int int32 "
		      "int64 interface iota map nil package range return rune select string struct "
		      "switch true type uint uint8 uint32 uint64 var " },
	{ .label = "Rust",
	  .endings = " rs ",
	  C_LIKE,
	  .quotes = "\"'",
	  .flags = LANG_CHARACTER | LANG_NESTED,
	  .keywords = " as async await bool break char const continue crate dyn else enum extern "
		      "f32 f64 false fn for i8 i16 i32 i64 if impl in isize let loop match mod "
		      "move mut pub ref return Self self static str struct super trait true type "
		      "u8 u16 u32 u64 unsafe use usize where while " },
	{ .label = "JavaScript",
	  .endings = " js mjs cjs jsx ",
	  .programs = " node deno bun ",
	  C_LIKE,
	  .quotes = "\"'`",
	  .flags = LANG_LINES,
	  .keywords = JS_WORDS },
	{ .label = "TypeScript",
	  .endings = " ts mts cts tsx typescript ",
	  C_LIKE,
	  .quotes = "\"'`",
	  .flags = LANG_LINES,
	  .keywords = JS_WORDS
	  "abstract any boolean declare enum implements infer interface is keyof namespace never "
	  "number object override private protected public readonly satisfies string type "
	  "unknown " },
	{ .label = "Python",
	  .endings = " py pyi pyw python python3 ",
	  .programs = " python python3 ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_TRIPLE,
	  .keywords =
		  " and as assert async await break case class continue def del elif else except "
		  "False finally for from global if import in is lambda match None nonlocal not or "
		  "pass raise return self True try while with yield " },
	{ .label = "Ruby",
	  .endings = " rb rake gemspec ruby ",
	  .names = " Gemfile Rakefile ",
	  .programs = " ruby ",
	  .line = "#",
	  .quotes = "\"'",
	  .keywords =
		  " alias and begin break case class def defined? do else elsif end ensure false "
		  "for if in include module next nil not or private protected public raise redo "
		  "require rescue retry return self super then true undef unless until when while "
		  "yield " },
	{ .label = "PHP",
	  .endings = " php ",
	  .line = "// #",
	  .open = "/*",
	  .close = "*/",
	  .quotes = "\"'",
	  .flags = LANG_DOLLAR,
	  .keywords = " abstract and array as break case catch class clone const continue declare "
		      "default do echo else elseif empty enum extends false final finally fn for "
		      "foreach function global if implements include instanceof interface isset "
		      "list match namespace new null or print private protected public readonly "
		      "require require_once return static switch this throw trait true try unset "
		      "use var while yield " },
	{ .label = "Perl",
	  .endings = " pl pm perl ",
	  .programs = " perl ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_DOLLAR | LANG_SPACED,
	  .keywords = " and cmp continue do else elsif eq for foreach given if last local my ne "
		      "next no not or our package print redo require return say sub undef unless "
		      "until use when while " },
	{ .label = "Lua",
	  .endings = " lua ",
	  .programs = " lua ",
	  .line = "--",
	  .open = "--[[",
	  .close = "]]",
	  .quotes = "\"'",
	  .keywords =
		  " and break do else elseif end false for function goto if in local nil not or "
		  "repeat return then true until while " },
	{ .label = "R",
	  .endings = " r ",
	  .programs = " Rscript ",
	  .line = "#",
	  .quotes = "\"'",
	  .keywords = " break else FALSE for function if in Inf library NA NaN next NULL repeat "
		      "require return TRUE while " },
	{ .label = "shell",
	  .endings = " sh bash zsh ksh fish env shell console ",
	  .names = " .bashrc .profile .bash_profile .zshrc ",
	  .programs = " sh bash dash ash zsh ksh fish ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_SPACED | LANG_DOLLAR | LANG_LINES,
	  .keywords =
		  " break case cd continue do done echo elif else esac eval exec exit export fi "
		  "for function if in local read readonly return select set shift source test "
		  "then trap unset until while " },
	{ .label = "SQL",
	  .endings = " sql ",
	  .line = "--",
	  .open = "/*",
	  .close = "*/",
	  .quotes = "'\"",
	  .flags = LANG_FOLD,
	  .keywords =
		  " add all alter and any as asc begin between bigint blob boolean by cascade case "
		  "cast check collate column commit conflict constraint create cross current_date "
		  "current_timestamp database default delete desc distinct drop else end except "
		  "exists explain false foreign from full function grant group having if in index "
		  "inner insert int integer intersect into is join key left like limit natural not "
		  "null numeric offset on or order outer over partition pragma primary real "
		  "recursive references replace returning right rollback select serial set table "
		  "text then timestamp transaction trigger true union unique update using values "
		  "varchar view when where with " },
	{ .label = "JSON",
	  .endings = " json jsonl ndjson ipynb geojson webmanifest map json5 jsonc ",
	  .names = " .eslintrc .prettierrc composer.lock ",
	  .line = "//",
	  .quotes = "\"",
	  .flags = LANG_KEY_COLON,
	  .keywords = " false null true " },
	{ .label = "YAML",
	  .endings = " yaml yml ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_KEY_COLON | LANG_SPACED | LANG_DASH,
	  .keywords = " false no null off on true yes " },
	{ .label = "TOML",
	  .endings = " toml ",
	  .names = " Cargo.lock poetry.lock uv.lock Pipfile ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_KEY_EQUALS | LANG_TRIPLE | LANG_DASH,
	  .keywords = " false inf nan true " },
	{ .label = "INI",
	  .endings = " ini cfg conf properties service desktop editorconfig ",
	  .names = " .editorconfig .gitconfig .npmrc ",
	  .line = "# ;",
	  .quotes = "\"",
	  .flags = LANG_KEY_EQUALS | LANG_SPACED | LANG_DASH,
	  .keywords = " false no off on true yes " },
	{ .label = "HTML",
	  .endings = " html htm xhtml vue svelte ",
	  .open = "<!--",
	  .close = "-->",
	  .quotes = "\"'",
	  .flags = LANG_MARKUP | LANG_DASH },
	{ .label = "XML",
	  .endings = " xml svg xsd xsl xslt rss atom plist wsdl kml gpx csproj pom ",
	  .open = "<!--",
	  .close = "-->",
	  .quotes = "\"'",
	  .flags = LANG_MARKUP | LANG_DASH },
	{ .label = "CSS",
	  .endings = " css scss sass less ",
	  .open = "/*",
	  .close = "*/",
	  .quotes = "\"'",
	  .flags = LANG_KEY_COLON | LANG_DASH,
	  .keywords = " @charset @font-face @import @keyframes @layer @media @supports !important "
		      "auto inherit initial none unset " },
	{ .label = "Makefile",
	  .endings = " mk make makefile ",
	  .names = " Makefile GNUmakefile makefile ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_SPACED | LANG_DOLLAR | LANG_KEY_COLON | LANG_DASH,
	  .keywords = " define else endef endif export ifdef ifeq ifndef ifneq include override "
		      "undefine unexport vpath .PHONY " },
	{ .label = "Dockerfile",
	  .endings = " dockerfile containerfile ",
	  .names = " Dockerfile Containerfile ",
	  .line = "#",
	  .quotes = "\"'",
	  .flags = LANG_SPACED | LANG_DOLLAR,
	  .keywords =
		  " ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL ONBUILD RUN "
		  "SHELL STOPSIGNAL USER VOLUME WORKDIR " },
	{ .label = "CMake",
	  .endings = " cmake ",
	  .names = " CMakeLists.txt ",
	  .line = "#",
	  .quotes = "\"",
	  .flags = LANG_DOLLAR | LANG_FOLD,
	  .keywords =
		  " add_executable add_library else elseif endforeach endfunction endif endmacro "
		  "find_package foreach function if include install macro option project set "
		  "target_include_directories target_link_libraries " },
	{ .label = "Nix",
	  .endings = " nix ",
	  .line = "#",
	  .open = "/*",
	  .close = "*/",
	  .quotes = "\"",
	  .flags = LANG_DASH,
	  .keywords = " assert else false if import in inherit let null or rec then true with " },
	{ .label = "Terraform",
	  .endings = " tf tfvars hcl ",
	  .line = "# //",
	  .open = "/*",
	  .close = "*/",
	  .quotes = "\"",
	  .flags = LANG_KEY_EQUALS | LANG_DASH,
	  .keywords = " data false for if in locals module null output provider resource terraform "
		      "true variable " },
	{ .label = "Protocol Buffers",
	  .endings = " proto ",
	  C_LIKE,
	  .quotes = "\"'",
	  .keywords =
		  " bool bytes double enum extend false fixed32 fixed64 float import int32 int64 "
		  "map message oneof option optional package repeated required reserved "
		  "returns rpc service string syntax true uint32 uint64 " },
	{ .label = "diff", .endings = " diff patch rej ", .flags = LANG_DIFF },
};

static bool is_listed(const char *list, const char *word, size_t len)
{
	for (const char *at = list; at && (at = strchr(at, ' ')) && at[1]; at++)
		if (strncasecmp(at + 1, word, len) == 0 && at[1 + len] == ' ')
			return len > 0;
	return false;
}

/* The last part of the path behind #!, or the word behind an env there. */
static size_t find_program(const char *text, size_t len, const char **ret_word)
{
	const char *end = memchr(text, '\n', len < 128 ? len : 128);
	const char *word, *stop;

	if (!end || len < 3 || memcmp(text, "#!", 2) != 0)
		return 0;
	word = memmem(text, (size_t)(end - text), "env ", 4);
	if (word)
		word += 4;
	else
		word = memrchr(text, '/', (size_t)(end - text));
	if (!word)
		return 0;
	word += *word == '/';
	for (stop = word; stop < end && !strchr(" \t\r0123456789.", *stop);)
		stop++;
	*ret_word = word;
	return (size_t)(stop - word);
}

const struct language *language_of_file(const char *name, const char *text, size_t len)
{
	const char *dot = strrchr(name, '.');
	const char *ending = dot ? dot + 1 : name;
	const char *program = NULL;
	size_t program_len = find_program(text, len, &program);

	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (is_listed(languages[i].names, name, strlen(name)) ||
		    (dot && is_listed(languages[i].endings, ending, strlen(ending))) ||
		    (program && is_listed(languages[i].programs, program, program_len)))
			return &languages[i];
	return NULL;
}

const struct language *language_of_word(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (is_listed(languages[i].endings, word, len) ||
		    (strlen(languages[i].label) == len &&
		     strncasecmp(languages[i].label, word, len) == 0))
			return &languages[i];
	return NULL;
}
