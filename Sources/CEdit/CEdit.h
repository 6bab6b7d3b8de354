/* libedit: lines that are edited on a terminal (editline(3)). */
#ifndef AURA_CEDIT_H
#define AURA_CEDIT_H

#include <stdio.h>
#include <readline.h>

/* What stands in the line that is being edited; never NULL between install and remove. */
static inline const char *aura_edit_line(void) { return rl_line_buffer ? rl_line_buffer : ""; }

#endif
