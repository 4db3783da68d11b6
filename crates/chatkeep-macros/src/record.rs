//! `#[derive(Record)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DataEnum, DataStruct, DeriveInput, Fields, LitStr, Type};

use crate::documentation;
use crate::parameter::{Options, generic_argument, option_of};

/// Options of the type.
#[derive(Default)]
struct TypeOptions {
    name: Option<String>,
    is_argument: bool,
}

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let options = type_options(&input.attrs)?;
    let name = options.name.clone().unwrap_or_else(|| input.ident.to_string());
    match &input.data {
        Data::Struct(data) => expand_struct(&input, &options, &name, data),
        Data::Enum(data) => expand_enum(&input, &options, &name, data),
        Data::Union(_) => Err(syn::Error::new_spanned(&input, "a union is not a record")),
    }
}

fn type_options(attributes: &[Attribute]) -> syn::Result<TypeOptions> {
    let mut options = TypeOptions::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("record")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("argument") {
                options.is_argument = true;
            } else {
                return Err(meta.error("unknown option"));
            }
            Ok(())
        })?;
    }
    Ok(options)
}

fn field_options(attributes: &[Attribute]) -> syn::Result<Options> {
    let mut options = Options::default();
    for attribute in attributes {
        if attribute.path().is_ident("record") {
            attribute.parse_nested_meta(|meta| options.parse(&meta))?;
        } else if attribute.path().is_ident("serde") {
            attribute.parse_nested_meta(|meta| {
                options.skip |= meta.path.is_ident("skip");
                // Skips the value of another option of serde.
                if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::Expr>()?;
                }
                Ok(())
            })?;
        }
    }
    Ok(options)
}

fn expand_struct(
    input: &DeriveInput,
    options: &TypeOptions,
    name: &str,
    data: &DataStruct,
) -> syn::Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(input, "a record has named fields"));
    };
    let mut described = Vec::new();
    let mut idents = Vec::new();
    let mut skipped = Vec::new();
    let mut flattened = None;
    for field in &fields.named {
        let options = field_options(&field.attrs)?;
        let Some(ident) = field.ident.as_ref() else { continue };
        if options.skip {
            skipped.push(ident);
            continue;
        }
        if flattened.is_some() {
            return Err(syn::Error::new_spanned(field, "the flattened field is the last one"));
        }
        if options.flatten {
            flattened = Some((ident, boxed(&field.ty)?));
            continue;
        }
        let documentation = documentation::text(&field.attrs);
        described.push(options.field(&ident.to_string(), &documentation, &field.ty));
        idents.push(ident);
    }
    let ident = &input.ident;
    let documentation = documentation::text(&input.attrs);
    let rest = flattened
        .as_ref()
        .map(|(ident, ty)| quote!(#ident: fields.rest::<#ty>()?.map(::std::boxed::Box::new)));
    let from_value = options.is_argument.then(|| {
        quote! {
            impl ::chatkeep_core::described::FromValue for #ident {
                fn from_value(
                    value: ::chatkeep_core::described::Value,
                ) -> ::chatkeep_core::Result<Self> {
                    let mut fields =
                        ::chatkeep_core::described::record_fields(RECORD.fields, value)?;
                    Ok(Self {
                        #(#skipped: ::std::default::Default::default(),)*
                        #(#idents: fields.take()?,)*
                        #rest
                    })
                }
            }
        }
    });
    let fields = match &flattened {
        None => quote!(&[#(#described),*]),
        Some((_, ty)) => quote!({
            const OWN: &[::chatkeep_core::described::Field] = &[#(#described),*];
            const FLAT: &[::chatkeep_core::described::Field] =
                ::chatkeep_core::described::fields_of::<#ty>();
            const ALL: &[::chatkeep_core::described::Field] =
                &::chatkeep_core::described::joined_fields::<{ OWN.len() + FLAT.len() }>(
                    OWN, FLAT,
                );
            ALL
        }),
    };
    Ok(quote! {
        const _: () = {
            static RECORD: ::chatkeep_core::described::Record =
                ::chatkeep_core::described::Record {
                    name: #name,
                    documentation: #documentation,
                    fields: #fields,
                };

            impl ::chatkeep_core::described::Described for #ident {
                const TYPE: ::chatkeep_core::described::Type =
                    ::chatkeep_core::described::Type::Record(&RECORD);
            }

            #from_value
        };
    })
}

/// Returns `T` of `Option<Box<T>>`, the type of a flattened field.
fn boxed(ty: &Type) -> syn::Result<&Type> {
    option_of(ty)
        .and_then(|inner| generic_argument(inner, "Box"))
        .ok_or_else(|| syn::Error::new_spanned(ty, "a flattened field is an Option<Box<T>>"))
}

fn expand_enum(
    input: &DeriveInput,
    options: &TypeOptions,
    name: &str,
    data: &DataEnum,
) -> syn::Result<TokenStream> {
    let mut described = Vec::new();
    let mut arms = Vec::new();
    let mut names = Vec::new();
    for variant in &data.variants {
        if options.is_argument && !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "an argument's enum has unit variants"));
        }
        let name = field_options(&variant.attrs)?
            .name
            .unwrap_or_else(|| snake_case(&variant.ident.to_string()));
        let documentation = documentation::text(&variant.attrs);
        described.push(quote! {
            ::chatkeep_core::described::Variant { name: #name, documentation: #documentation }
        });
        let ident = &variant.ident;
        arms.push(quote!(#name => Ok(Self::#ident)));
        names.push(name);
    }
    let ident = &input.ident;
    let documentation = documentation::text(&input.attrs);
    let expected = format!("must be one of {}", names.join(", "));
    let from_value = options.is_argument.then(|| {
        quote! {
            impl ::chatkeep_core::described::FromValue for #ident {
                fn from_value(
                    value: ::chatkeep_core::described::Value,
                ) -> ::chatkeep_core::Result<Self> {
                    let text =
                        <String as ::chatkeep_core::described::FromValue>::from_value(value)?;
                    match text.as_str() {
                        #(#arms,)*
                        _ => Err(::chatkeep_core::Error::new(
                            ::chatkeep_core::ErrorKind::InvalidInput,
                            format!("{}, not {text:?}", #expected),
                        )),
                    }
                }
            }
        }
    });
    Ok(quote! {
        const _: () = {
            static ENUM: ::chatkeep_core::described::Enum =
                ::chatkeep_core::described::Enum {
                    name: #name,
                    documentation: #documentation,
                    variants: &[#(#described),*],
                };

            impl ::chatkeep_core::described::Described for #ident {
                const TYPE: ::chatkeep_core::described::Type =
                    ::chatkeep_core::described::Type::Enum(&ENUM);
            }

            #from_value
        };
    })
}

/// Converts `OutOfOrder` to `out_of_order`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for (index, character) in name.char_indices() {
        if character.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}
