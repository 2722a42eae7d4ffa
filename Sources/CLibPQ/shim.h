// PostgreSQL's own client library.
#ifndef C_LIB_PQ_H
#define C_LIB_PQ_H

#include <libpq-fe.h>

#endif
