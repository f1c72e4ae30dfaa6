# flightplan::libcrypto: BoringSSL's libcrypto, from one of three places.
#
# Sets FLIGHTPLAN_LIBCRYPTO_LIBRARY and FLIGHTPLAN_LIBCRYPTO_INCLUDE (empty when fetched),
# FLIGHTPLAN_LIBCRYPTO_RPATH (where the loader must look, when it would not by itself),
# FLIGHTPLAN_LIBCRYPTO_RUNTIME (a C++ library that an archive wants) and FLIGHTPLAN_LIBCRYPTO_ORIGIN, for people.

include(CheckCSourceCompiles)

set(FLIGHTPLAN_LIBCRYPTO_LIBRARY "")
set(FLIGHTPLAN_LIBCRYPTO_INCLUDE "")
set(FLIGHTPLAN_LIBCRYPTO_RPATH "")
set(FLIGHTPLAN_LIBCRYPTO_RUNTIME "")

if(FLIGHTPLAN_BORINGSSL_ROOT)
  set(origin "FLIGHTPLAN_BORINGSSL_ROOT")
  find_path(include openssl/base.h PATHS "${FLIGHTPLAN_BORINGSSL_ROOT}" PATH_SUFFIXES include NO_DEFAULT_PATH NO_CACHE)
  find_library(library crypto PATHS "${FLIGHTPLAN_BORINGSSL_ROOT}" "${FLIGHTPLAN_BORINGSSL_ROOT}/build"
    PATH_SUFFIXES lib lib64 ${CMAKE_INSTALL_LIBDIR} . crypto NO_DEFAULT_PATH NO_CACHE)
  if(NOT include OR NOT library)
    message(FATAL_ERROR
      "No BoringSSL below FLIGHTPLAN_BORINGSSL_ROOT=${FLIGHTPLAN_BORINGSSL_ROOT}: looked for include/openssl/base.h "
      "and for libcrypto in lib, lib64, build and build/crypto. Give an install prefix, or a source tree that has "
      "been built in its folder `build`.")
  endif()
elseif(NOT FLIGHTPLAN_FETCH_BORINGSSL)
  # Debian's copy for Android's tools lies beside the loader's path so that OpenSSL's is not mistaken for it.
  set(origin "android-libboringssl-dev")
  find_path(include openssl/base.h PATH_SUFFIXES android NO_CACHE
    PATHS /usr/include/android NO_DEFAULT_PATH)
  find_library(library crypto PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android /usr/lib/android
    /usr/${CMAKE_INSTALL_LIBDIR}/android NO_DEFAULT_PATH NO_CACHE)
endif()

if(include AND library)
  add_library(flightplan::libcrypto UNKNOWN IMPORTED GLOBAL)
  set_target_properties(flightplan::libcrypto PROPERTIES
    IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${include}")
  if(NOT library MATCHES "\\.a$")
    get_filename_component(FLIGHTPLAN_LIBCRYPTO_RPATH "${library}" DIRECTORY)
  else()
    find_package(Threads REQUIRED)
    set_property(TARGET flightplan::libcrypto APPEND PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()

  # Newer copies are written in C++; as an archive they may want a little of its runtime library.
  foreach(runtime "" stdc++ c++)
    set(CMAKE_REQUIRED_LIBRARIES flightplan::libcrypto ${runtime})
    unset(FLIGHTPLAN_LIBCRYPTO_WORKS CACHE)
    check_c_source_compiles("
      #include <openssl/base.h>
      #include <openssl/aead.h>
      #include <openssl/evp.h>
      #ifndef OPENSSL_IS_BORINGSSL
      #error these headers are OpenSSL's
      #endif
      int main(void) { return EVP_aead_aes_128_gcm() == 0 || EVP_PKEY_CTX_new_id(EVP_PKEY_EC, 0) == 0; }"
      FLIGHTPLAN_LIBCRYPTO_WORKS)
    if(FLIGHTPLAN_LIBCRYPTO_WORKS)
      set(FLIGHTPLAN_LIBCRYPTO_RUNTIME "${runtime}")
      break()
    endif()
  endforeach()
  unset(CMAKE_REQUIRED_LIBRARIES)
  set_property(TARGET flightplan::libcrypto APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${FLIGHTPLAN_LIBCRYPTO_RUNTIME})
  if(NOT FLIGHTPLAN_LIBCRYPTO_WORKS)
    message(FATAL_ERROR
      "${library} with the headers in ${include} is not a BoringSSL that links (the compiler's words are in "
      "CMakeFiles/CMakeError.log). OpenSSL's libcrypto will not do: the library uses BoringSSL's AEAD interface.")
  endif()
  set(FLIGHTPLAN_LIBCRYPTO_LIBRARY "${library}")
  set(FLIGHTPLAN_LIBCRYPTO_INCLUDE "${include}")
elseif(FLIGHTPLAN_FETCH_BORINGSSL)
  set(origin "fetched")
  include(FetchBoringSSL)
else()
  message(FATAL_ERROR
    "BoringSSL's libcrypto was not found. Any one of these helps:\n"
    "  - on Debian and Ubuntu:  apt-get install android-libboringssl-dev\n"
    "  - a BoringSSL of yours:  -DFLIGHTPLAN_BORINGSSL_ROOT=<its install prefix or source tree>\n"
    "  - download and build it: -DFLIGHTPLAN_FETCH_BORINGSSL=ON (needs git, a C++ compiler and the network)\n")
endif()

set(FLIGHTPLAN_LIBCRYPTO_ORIGIN "${origin}")
message(STATUS "BoringSSL's libcrypto: ${origin} ${library}")
unset(include)
unset(library)
unset(origin)
