# Builds BoringSSL's libcrypto from one upstream commit, as part of our build.
#
# BoringSSL has no releases: the commit is the version. Change it together with a full run of the tests.

include(FetchContent)
enable_language(CXX)

FetchContent_Declare(boringssl
  GIT_REPOSITORY https://boringssl.googlesource.com/boringssl
  GIT_TAG a0689af29e8e460f1e5380e0fb74cef1b342e810)
FetchContent_GetProperties(boringssl)
if(NOT boringssl_POPULATED)
  FetchContent_Populate(boringssl)
  # It is linked into our library: position independent, static, neither tested nor installed by us. It
  # also sets the install prefix when it believes itself alone, so that is given back afterwards.
  block(SCOPE_FOR VARIABLES)
    set(prefix "${CMAKE_INSTALL_PREFIX}")
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    set(BUILD_SHARED_LIBS OFF)
    set(BUILD_TESTING OFF)
    add_subdirectory("${boringssl_SOURCE_DIR}" "${boringssl_BINARY_DIR}" EXCLUDE_FROM_ALL SYSTEM)
    set(CMAKE_INSTALL_PREFIX "${prefix}" CACHE PATH "Where to install" FORCE)
  endblock()
  foreach(part crypto fipsmodule)
    if(TARGET ${part})
      # The linker can then leave out what we do not call; and a compiler newer than the commit may warn.
      target_compile_options(${part} PRIVATE "$<$<COMPILE_LANGUAGE:C,CXX>:-ffunction-sections;-fdata-sections;-Wno-error>")
    endif()
  endforeach()
endif()

add_library(flightplan_libcrypto INTERFACE)
target_link_libraries(flightplan_libcrypto INTERFACE $<BUILD_INTERFACE:crypto>)
add_library(flightplan::libcrypto ALIAS flightplan_libcrypto)
