// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-module: show and update the TDX module of this host
 *
 * The command line. Each command is a file of its own: show.c, list.c, check.c,
 * update.c, watch.c.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "sysfs.h"

#define MAX_WAIT_S	3600

static const char usage[] =
	"usage: tdx-module show\n"
	"       tdx-module list [DIR]\n"
	"       tdx-module check IMAGE|VERSION\n"
	"       tdx-module update IMAGE|VERSION|--to-latest\n"
	"       tdx-module watch\n"
	"\n"
	"  --json               for programs: JSON on standard output\n"
	"  --dir DIR            where images are looked for (" CATALOG_DIRECTORY ")\n"
	"  --mapping FILE       Intel's mapping_file.json (the one in DIR, if there is one)\n"
	"  --approved FILE      take only modules whose MRSEAM is in this list\n"
	"  --to-latest          update to the newest image that this host can take\n"
	"  --wait SECONDS       wait so long for TDs that are being built\n"
	"  --no-wait            give up at once if TDs are being built\n"
	"  --use-last-entry     use up the last entry of P-SEAMLDR's update log\n"
	"  --help\n"
	"\n"
	"exit status: 0 done, 1 usage, 2 nothing to do, 3 refused and nothing changed,\n"
	"4 failed and TDX is lost until repaired, 5 not on this host. See tdx-module(8).\n";

/* One bit each, above those of characters. */
enum {
	OPTION_JSON		= 1 << 8,
	OPTION_DIR		= 1 << 9,
	OPTION_MAPPING		= 1 << 10,
	OPTION_APPROVED		= 1 << 11,
	OPTION_TO_LATEST	= 1 << 12,
	OPTION_WAIT		= 1 << 13,
	OPTION_NO_WAIT		= 1 << 14,
	OPTION_USE_LAST_ENTRY	= 1 << 15,
	OPTION_HELP		= 1 << 16,
};

#define OPTIONS_CHOICE	(OPTION_DIR | OPTION_MAPPING | OPTION_APPROVED)
#define OPTIONS_UPDATE	(OPTION_TO_LATEST | OPTION_WAIT | OPTION_NO_WAIT | OPTION_USE_LAST_ENTRY)

static const struct option long_options[] = {
	{ "json",	    no_argument,       NULL, OPTION_JSON },
	{ "dir",	    required_argument, NULL, OPTION_DIR },
	{ "mapping",	    required_argument, NULL, OPTION_MAPPING },
	{ "approved",	    required_argument, NULL, OPTION_APPROVED },
	{ "to-latest",	    no_argument,       NULL, OPTION_TO_LATEST },
	{ "wait",	    required_argument, NULL, OPTION_WAIT },
	{ "no-wait",	    no_argument,       NULL, OPTION_NO_WAIT },
	{ "use-last-entry", no_argument,       NULL, OPTION_USE_LAST_ENTRY },
	{ "help",	    no_argument,       NULL, OPTION_HELP },
	{}
};

static const struct command {
	const char *name;
	int (*run)(struct options *options);
	int takes;			/* options besides --json */
	int least, most;		/* arguments */
	const char *argument;
} commands[] = {
	{ "show",   command_show,   OPTION_DIR, 0, 0, NULL },
	{ "list",   command_list,   OPTIONS_CHOICE, 0, 1, "a directory" },
	{ "check",  command_check,  OPTIONS_CHOICE, 1, 1, "an image or a version" },
	{ "update", command_update, OPTIONS_CHOICE | OPTIONS_UPDATE, 0, 1,
	  "an image or a version" },
	{ "watch",  command_watch,  0, 0, 0, NULL },
};

static void die(const char *message, const char *detail)
{
	report_note("%s%s; \"tdx-module --help\" tells more", message, detail);
	exit(OUTCOME_USAGE);
}

static long parse_seconds(const char *text)
{
	char *end;
	long seconds;

	errno = 0;
	seconds = strtol(text, &end, 10);
	if (errno || end == text || *end || seconds < 0 || seconds > MAX_WAIT_S)
		die("--wait takes a number of seconds from 0 to 3600, not ", text);
	return seconds;
}

/* Returns the options that were given, as bits. */
static int parse_options(int argc, char **argv, struct options *options)
{
	int option, given = 0;

	/* getopt's own messages would not tell what the program's do. */
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		given |= option;
		switch (option) {
		case OPTION_JSON:
			options->json = true;
			break;
		case OPTION_DIR:
			options->directory = optarg;
			break;
		case OPTION_MAPPING:
			options->mapping_path = optarg;
			break;
		case OPTION_APPROVED:
			options->approved_path = optarg;
			break;
		case OPTION_TO_LATEST:
			options->to_latest = true;
			break;
		case OPTION_WAIT:
			options->wait_s = parse_seconds(optarg);
			break;
		case OPTION_NO_WAIT:
			options->wait_s = 0;
			break;
		case OPTION_USE_LAST_ENTRY:
			options->use_last_entry = true;
			break;
		case OPTION_HELP:
		case 'h':
			fputs(usage, stdout);
			exit(OUTCOME_DONE);
		default:
			exit(OUTCOME_USAGE);
		}
	}
	return given;
}

static void expect_options(const struct command *command, int given)
{
	const struct option *option;
	char name[32];

	for (option = long_options; option->name; option++) {
		if (!(given & option->val & ~(command->takes | OPTION_JSON)))
			continue;
		snprintf(name, sizeof(name), "%s takes no --", command->name);
		die(name, option->name);
	}
}

static const struct command *parse_command(int argc, char **argv, struct options *options)
{
	int given = parse_options(argc, argv, options);
	const struct command *command = NULL;
	int arguments = argc - optind - 1;
	size_t i;

	if (arguments < 0)
		die("a command is missing: show, list, check, update or watch", "");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, argv[optind]))
			command = &commands[i];
	if (!command)
		die("there is no command ", argv[optind]);
	expect_options(command, given);
	if (arguments < command->least)
		die("this command needs ", command->argument);
	if (arguments > command->most)
		die("too many arguments: ", argv[optind + command->most + 1]);
	options->argument = arguments ? argv[optind + 1] : NULL;

	if (given & OPTION_WAIT && given & OPTION_NO_WAIT)
		die("--wait and --no-wait contradict each other", "");
	if (command->run == command_update && options->to_latest == !!options->argument)
		die("update needs an image or a version, or else --to-latest", "");
	return command;
}

/* The mapping file lies beside the images, or above them as in Intel's repository. */
static enum outcome load_mapping(struct options *options, const struct command *command,
				 struct report *report)
{
	const char *directory = command->run == command_list && options->argument ?
				options->argument : options->directory;
	const char *path = options->mapping_path;
	char beside[PATH_MAX];
	int ret;

	if (!path) {
		snprintf(beside, sizeof(beside), "%s/mapping_file.json", directory);
		path = beside;
	}
	ret = mapping_load(path, &options->mapping);
	if (ret == -ENOENT && !options->mapping_path)
		return OUTCOME_DONE;
	if (ret == -EINVAL)
		return report_set(report, OUTCOME_USAGE, "bad-mapping",
				  "%s is not Intel's mapping_file.json", path);
	if (ret)
		return report_set(report, OUTCOME_USAGE, "unreadable", "%s: %s", path,
				  strerror(-ret));
	options->policy.mapping = &options->mapping;
	return OUTCOME_DONE;
}

static enum outcome load_approved(struct options *options, struct report *report)
{
	unsigned int line;
	int ret;

	if (!options->approved_path)
		return OUTCOME_DONE;
	ret = approved_load(options->approved_path, &options->approved, &line);
	if (ret == -EINVAL)
		return report_set(report, OUTCOME_USAGE, "bad-approved",
				  "%s:%u: not an MRSEAM: 96 hexadecimal digits are",
				  options->approved_path, line);
	if (ret)
		return report_set(report, OUTCOME_USAGE, "unreadable", "%s: %s",
				  options->approved_path, strerror(-ret));
	options->policy.approved = &options->approved;
	return OUTCOME_DONE;
}

/* The command has not begun. */
static int give_up(const struct options *options, const struct command *command,
		   const struct report *report)
{
	struct json_object *json = NULL;

	if (options->json) {
		json = json_object_new_object();
		json_add_text(json, "command", command->name);
	}
	return report_finish(report, json, command->run == command_update);
}

int main(int argc, char **argv)
{
	struct options options = {
		.wait_s		= -1,
		.directory	= CATALOG_DIRECTORY,
	};
	const struct command *command;
	struct report report;
	int status;

	/* For tests: a directory that has sys/ and proc/. */
	if (getenv("TDX_MODULE_ROOT"))
		sysfs_set_root(getenv("TDX_MODULE_ROOT"));

	command = parse_command(argc, argv, &options);
	if (load_mapping(&options, command, &report) || load_approved(&options, &report))
		status = give_up(&options, command, &report);
	else
		status = command->run(&options);
	mapping_free(&options.mapping);
	approved_free(&options.approved);
	return status;
}
