/*
 * Which keygate this is.  It is said nowhere else: t/package.t compares
 * CHANGES and debian/changelog with it.
 */

#ifndef KEYGATE_VERSION_H
#define KEYGATE_VERSION_H


#define KEYGATE_VERSION  "0.2.0"


#endif /* KEYGATE_VERSION_H */
