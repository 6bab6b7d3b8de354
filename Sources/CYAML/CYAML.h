/* libyaml's event parser, which knows the line and column of every node. */
#ifndef AURA_CYAML_H
#define AURA_CYAML_H

#include <yaml.h>

#endif
