{
    'name': 'shop',
    'version': '19.0.1.4',
    'license': 'LGPL-3',
    'installable': True,
}
